import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { RelativeTime } from '../../parts/time';
import { useRows } from '../../parts/use-rows';
import classes from './held.module.css';

interface HeldListProps {
  /** Oldest first: who has waited longest is first. */
  jobs: JobAnswer[];
  chosen: JobAnswer;
}

export function HeldList({ jobs, chosen }: HeldListProps) {
  const { t } = useTranslation('held');
  const rows = useRows<HTMLUListElement>('a');
  return (
    <nav aria-label={t('list')}>
      <Text size="sm" c="dimmed" mb="xs">
        {t('oldestFirst', { count: jobs.length })}
      </Text>
      <ul className={classes['list']} {...rows}>
        {jobs.map((job) => (
          <Entry key={job.id} job={job} isChosen={job.id === chosen.id} />
        ))}
      </ul>
    </nav>
  );
}

function Entry({ job: { id, mediaId, type, error, createdAt }, isChosen }: { job: JobAnswer; isChosen: boolean }) {
  const { t } = useTranslation();
  const item = useRef<HTMLLIElement>(null);
  // A link leads to one that may be far down in the list.
  useEffect(() => {
    if (isChosen) item.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    <li ref={item}>
      <Link
        to="/held"
        search={{ job: id }}
        replace
        resetScroll={false}
        className={classes['entry']}
        aria-current={isChosen ? 'true' : undefined}
      >
        <span className={classes['media']}>{mediaId}</span>
        <span className={classes['about']}>
          {t(`types.${type}`)} · {error?.code} · <RelativeTime at={createdAt} />
        </span>
      </Link>
    </li>
  );
}
