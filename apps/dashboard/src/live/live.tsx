import { Tooltip } from '@mantine/core';
import { IconBolt, IconBoltOff, IconRefresh } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type JobFilter } from '@app/client';
import type { StreamedChange } from '@app/contract';
import { ToneBadge } from '../parts/tone-badge';
import { useApi } from '../session/session';
import classes from './live.module.css';
import { applyChanges, readAgain } from './caches';
import { inBatches } from './batches';

/** `refused`: the api said no for good. What is shown changes only when it is read again. */
type Connection = 'off' | 'connecting' | 'live' | 'reconnecting' | 'refused';

interface Live {
  connection: Connection;
  setConnection: (connection: Connection) => void;
}

const LiveContext = createContext<Live | null>(null);

/** Knows whether the page that is shown hears of changes. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [connection, setConnection] = useState<Connection>('off');
  return <LiveContext value={useMemo(() => ({ connection, setConnection }), [connection])}>{children}</LiveContext>;
}

function useConnection(): Live {
  const live = use(LiveContext);
  if (!live) throw new Error('useConnection is for what is inside LiveProvider');
  return live;
}

/**
 * The one stream of a page. Whatever is cached of the jobs it names becomes what they are by now; `onChanges` hears of them as
 * well, in batches, because a burst is to be drawn once. Pass a filter that keeps its identity (or its JSON), null for no stream.
 */
export function useLive(filter: JobFilter | null, onChanges?: (changes: StreamedChange[]) => void): Connection {
  const api = useApi();
  const queryClient = useQueryClient();
  const { connection, setConnection } = useConnection();
  const tell = useEffectEvent((changes: StreamedChange[]) => {
    applyChanges(queryClient, changes);
    onChanges?.(changes);
  });
  const key = filter && JSON.stringify(filter);

  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    const batches = inBatches<StreamedChange>((changes) => tell(changes));
    setConnection('connecting');
    const follow = async (): Promise<void> => {
      let wasReady = false;
      try {
        await api.stream(JSON.parse(key) as JobFilter, {
          signal: stop.signal,
          onChange: (change) => batches.add(change),
          onReady: () => {
            // What was read before the stream had begun may have missed a change in between. A stream that resumes misses none.
            if (!wasReady) void readAgain(queryClient, { predicate: ({ queryKey }) => isOfJobs(queryKey[0]) });
            wasReady = true;
            setConnection('live');
          },
          onTrouble: () => setConnection('reconnecting'),
        });
      } catch (error) {
        if (stop.signal.aborted) return;
        // It was the position that the api refused: its database is another one by now. A stream without one begins.
        if (wasReady && error instanceof ApiError && error.status === 400) return follow();
        // No new attempt changes this answer. What the page reads anew meets the same one and shows it.
        setConnection('refused');
        void queryClient.invalidateQueries();
      }
    };
    void follow();
    return () => {
      stop.abort();
      batches.drop();
      setConnection('off');
    };
  }, [api, queryClient, setConnection, key]);

  return connection;
}

const marks = { connecting: IconRefresh, live: IconBolt, reconnecting: IconRefresh, refused: IconBoltOff };

function isOfJobs(name: unknown): boolean {
  return name === 'jobs' || name === 'job' || name === 'stats';
}

export function LiveIndicator() {
  const { t } = useTranslation('shell');
  const { connection } = useConnection();
  if (connection === 'off') return null;
  return (
    <Tooltip label={t(`live.${connection}Means`)}>
      <output className={classes['live']}>
        <ToneBadge tone={connection === 'live' ? 'good' : 'doubt'} icon={marks[connection]}>
          {t(`live.${connection}`)}
        </ToneBadge>
      </output>
    </Tooltip>
  );
}
