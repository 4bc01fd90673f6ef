import { Button, CloseButton, Group, Paper, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import type { ActionRequest } from '../../actions/action-dialog';
import { actionIcons } from '../../actions/action-looks';
import { refusalOf, type ActionName } from '../../actions/actions';
import classes from './jobs.module.css';

/** What can be done to many at once. Adopting needs the evidence of one job, and is on its own page. */
const bulkActions = ['cancel', 'retry', 'refetch', 'resubmit', 'fail'] as const satisfies readonly ActionName[];

interface SelectionBarProps {
  jobs: JobAnswer[];
  /** To select more than this. */
  offer: ReactNode;
  onAsk: (request: ActionRequest) => void;
  onClear: () => void;
}

/** How many of the selected can take which action. */
export function SelectionBar({ jobs, offer, onAsk, onClear }: SelectionBarProps) {
  const { t } = useTranslation(['jobs', 'actions']);
  const possible = bulkActions
    .map((action) => ({ action, count: jobs.filter((job) => refusalOf(action, job) === null).length }))
    .filter(({ count }) => count > 0);
  return (
    <Paper withBorder shadow="md" px="sm" py="xs" className={classes['bar']}>
      <Group gap="xs">
        <Text component="output" fw={600} size="sm">
          {t('selection.count', { count: jobs.length })}
        </Text>
        {offer}
        {possible.length === 0 && <Text size="sm">{t('selection.none')}</Text>}
        {possible.map(({ action, count }) => {
          const Mark = actionIcons[action];
          return (
            <Button
              key={action}
              size="xs"
              variant="default"
              leftSection={<Mark size={16} aria-hidden />}
              onClick={() => onAsk({ action, jobs })}
            >
              {t('selection.action', { action: t(`actions:names.${action}`), count })}
            </Button>
          );
        })}
        <CloseButton ml="auto" aria-label={t('selection.clear')} title={t('selection.clear')} onClick={onClear} />
      </Group>
    </Paper>
  );
}
