import { Button, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { statsQuery } from '../../api/queries';
import { useFormat } from '../../i18n/format';
import { useErrorText } from '../../parts/error-notice';
import { useApi } from '../../session/session';
import { withoutState, type JobsFilter } from './search';

/** Each is acted on by a call of its own: so many take a minute or two. */
const MATCHING_MAX = 5_000;
/** The most that the api answers at a time. */
const PAGE = 200;

interface SelectMatchingProps {
  filter: JobsFilter;
  /** How many are selected already: with all of them there is nothing to offer. */
  selected: number;
  onCollected: (jobs: JobAnswer[]) => void;
}

/** After all of a page, all that match: read page by page, up to a limit that is said. */
export function SelectMatching({ filter, selected, onCollected }: SelectMatchingProps) {
  const { t } = useTranslation('bulk');
  const api = useApi();
  const format = useFormat();
  const textOf = useErrorText();
  const [collected, setCollected] = useState(0);
  const [stop, setStop] = useState<AbortController | null>(null);
  // Whoever leaves the view wants none of it.
  useEffect(() => () => stop?.abort(), [stop]);
  const { data: total = 0 } = useQuery({
    ...statsQuery(api, withoutState(filter)),
    select: ({ jobs }) =>
      filter.state ? filter.state.reduce((sum, state) => sum + (jobs.byState[state] ?? 0), 0) : jobs.total,
  });
  const wanted = Math.min(total, MATCHING_MAX);

  async function collect() {
    const control = new AbortController();
    setCollected(0);
    setStop(control);
    try {
      const jobs: JobAnswer[] = [];
      let cursor: string | undefined;
      do {
        const page = await api.jobs({ ...filter, limit: PAGE, cursor }, { signal: control.signal });
        jobs.push(...page.items);
        setCollected(jobs.length);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && jobs.length < MATCHING_MAX);
      onCollected(jobs.slice(0, MATCHING_MAX));
    } catch (error) {
      if (!control.signal.aborted) {
        notifications.show({ title: t('failed'), message: textOf(error), color: 'red', autoClose: false });
      }
    }
    setStop(null);
  }

  if (stop) {
    return (
      <>
        <Text component="output" size="sm">
          {t('collecting', { done: format.number(collected), total: format.number(wanted) })}
        </Text>
        <Button size="compact-xs" variant="default" onClick={() => stop.abort()}>
          {t('stop')}
        </Button>
      </>
    );
  }
  if (total <= selected) return null;
  return (
    <Button size="compact-xs" variant="subtle" onClick={() => void collect()}>
      {total > MATCHING_MAX
        ? t('selectNewest', { number: format.number(total), limit: format.number(MATCHING_MAX) })
        : t('selectAll', { number: format.number(total) })}
    </Button>
  );
}
