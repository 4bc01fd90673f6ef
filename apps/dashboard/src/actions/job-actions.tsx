import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { useSession } from '../session/session';
import { ActionDialog } from './action-dialog';
import { actionIcons } from './action-looks';
import { allowedActions, type ActionName } from './actions';

/** The buttons for what this person may do to this job just now. */
export function JobActions({ job, candidates = [] }: { job: JobAnswer; candidates?: string[] }) {
  const { t } = useTranslation('actions');
  const mayAct = useMayAct();
  const [asked, setAsked] = useState<{ action: ActionName; job: JobAnswer } | null>(null);
  if (!mayAct) return null;
  return (
    <Group gap="xs">
      {allowedActions(job).map((action) => {
        const Mark = actionIcons[action];
        return (
          <Button
            key={action}
            size="xs"
            variant="default"
            leftSection={<Mark size={16} aria-hidden />}
            onClick={() => setAsked({ action, job })}
          >
            {t(`names.${action}`)}
          </Button>
        );
      })}
      {asked && (
        <ActionDialog action={asked.action} jobs={[asked.job]} candidates={candidates} onClose={() => setAsked(null)} />
      )}
    </Group>
  );
}

/** A viewer sees no action: the api would refuse it. */
export function useMayAct(): boolean {
  return useSession().me.role !== 'viewer';
}
