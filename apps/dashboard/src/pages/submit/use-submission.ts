import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { readAgain } from '../../live/caches';
import { useApi } from '../../session/session';
import { keyOf } from './keys';
import { bodyFor, type Settings } from './settings';
import { nothingDone, submitAll, type Interruption, type Tally } from './submit-all';

interface Order {
  settings: Settings;
  media: string[];
}

export interface Submission extends Order {
  left: string[];
  tally: Tally;
  /** null: nothing is under way. */
  stop: AbortController | null;
  interruption: Interruption | null;
}

/** One submission at a time, which can be stopped, and gone on with. It stops when its page is left. */
export function useSubmission() {
  const api = useApi();
  const queryClient = useQueryClient();
  const [submission, setSubmission] = useState<Submission | null>(null);
  const underWay = useRef<AbortController>(null);
  useEffect(() => () => underWay.current?.abort(), []);

  async function send({ settings, media }: Order, waiting: string[], before: Tally) {
    const stop = new AbortController();
    underWay.current = stop;
    setSubmission({ settings, media, left: waiting, tally: before, stop, interruption: null });
    let tally = before;
    const { left, interruption } = await submitAll(waiting, before, {
      submit: (mediaId) => {
        const body = bodyFor(mediaId, settings);
        return api.submit(body, { idempotencyKey: keyOf(body, settings.run) });
      },
      signal: stop.signal,
      onTally: (next) => {
        tally = next;
        setSubmission((now) => now && { ...now, tally: next });
      },
    });
    setSubmission({ settings, media, left, tally, stop: null, interruption });
    void readAgain(queryClient, { queryKey: ['stats'] });
    return { left, interruption };
  }

  return {
    submission,
    start: (order: Order) => send(order, order.media, nothingDone),
    goOn: () => submission && send(submission, submission.left, submission.tally),
    clear: () => setSubmission(null),
  };
}
