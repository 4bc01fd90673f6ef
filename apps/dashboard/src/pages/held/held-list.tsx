import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
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
  const { t } = useTranslation(['held', 'common']);
  const rows = useRows<HTMLUListElement>('a');
  return (
    <nav aria-label={t('list')}>
      <Text size="sm" c="dimmed" mb="xs">
        {t('oldestFirst', { count: jobs.length })}
      </Text>
      <ul className={classes['list']} {...rows}>
        {jobs.map(({ id, mediaId, type, error, createdAt }) => (
          <li key={id}>
            <Link
              to="/held"
              search={{ job: id }}
              replace
              className={classes['entry']}
              aria-current={id === chosen.id ? 'true' : undefined}
              resetScroll={false}
            >
              <span className={classes['media']}>{mediaId}</span>
              <span className={classes['about']}>
                {t(`common:types.${type}`)} · {error?.code} · <RelativeTime at={createdAt} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
