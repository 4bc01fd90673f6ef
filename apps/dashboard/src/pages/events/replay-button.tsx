import { Button, Group } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { EventAnswer } from '@app/contract';
import { isReplayable } from '@app/domain';
import { useMayAct } from '../../actions/job-actions';
import { eventQuery } from '../../api/queries';
import { ErrorNotice } from '../../parts/error-notice';
import { useApi } from '../../session/session';

/** Has an event looked at again that came to nothing here, if it says enough for that. */
export function ReplayButton({ event }: { event: EventAnswer }) {
  const { t } = useTranslation('events');
  const api = useApi();
  const queryClient = useQueryClient();
  const mayAct = useMayAct();
  const replay = useMutation({
    mutationFn: () => api.replayEvent(event.id),
    onSuccess: (replayed) => queryClient.setQueryData(eventQuery(api, event.id).queryKey, replayed),
  });
  if (!mayAct || !(isReplayable(event) || replay.isError)) return null;
  return (
    <>
      <Group>
        <Button
          size="xs"
          variant="default"
          title={t('replayMeans')}
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={replay.isPending}
          onClick={() => replay.mutate()}
        >
          {t('replay')}
        </Button>
      </Group>
      {replay.error && <ErrorNotice error={replay.error} />}
    </>
  );
}
