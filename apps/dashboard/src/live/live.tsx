import { Tooltip } from '@mantine/core';
import { IconBolt, IconRefresh } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobFilter } from '@app/client';
import type { StreamedChange } from '@app/contract';
import { ToneBadge } from '../parts/tone-badge';
import { useApi } from '../session/session';
import classes from './live.module.css';
import { applyChanges, readAgain } from './caches';
import { inBatches } from './batches';

type Connection = 'off' | 'connecting' | 'live' | 'reconnecting';

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
    let readyBefore = false;
    setConnection('connecting');
    void api
      .stream(JSON.parse(key) as JobFilter, {
        signal: stop.signal,
        onChange: (change) => batches.add(change),
        onReady: () => {
          // What was read before the stream had begun may have missed a change in between. A stream that resumes misses none.
          if (!readyBefore) void readAgain(queryClient, { predicate: ({ queryKey }) => isOfJobs(queryKey[0]) });
          readyBefore = true;
          setConnection('live');
        },
        onTrouble: () => setConnection('reconnecting'),
      })
      // It ended with an answer that no new attempt changes. What the page reads anew meets the same one and shows it.
      .catch(() => {
        setConnection('off');
        void queryClient.invalidateQueries();
      });
    return () => {
      stop.abort();
      batches.drop();
      setConnection('off');
    };
  }, [api, queryClient, setConnection, key]);

  return connection;
}

function isOfJobs(name: unknown): boolean {
  return name === 'jobs' || name === 'job' || name === 'stats';
}

export function LiveIndicator() {
  const { t } = useTranslation('shell');
  const { connection } = useConnection();
  if (connection === 'off') return null;
  const isLive = connection === 'live';
  return (
    <Tooltip label={t(`live.${connection}Means`)}>
      <output className={classes['live']}>
        <ToneBadge tone={isLive ? 'good' : 'doubt'} icon={isLive ? IconBolt : IconRefresh}>
          {t(`live.${connection}`)}
        </ToneBadge>
      </output>
    </Tooltip>
  );
}
