import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer } from '@app/contract';
import { evidenceQuery, historyQuery } from '../../api/queries';
import { useSaid } from '../../i18n/use-said';
import { CopyableId } from '../../parts/copyable-id';
import { ErrorNotice } from '../../parts/error-notice';
import { useHeldReason } from '../../parts/held-reason';
import { StateBadge } from '../../parts/state-badge';
import { TextLink } from '../../parts/text-link';
import { ToneAlert } from '../../parts/tone-alert';
import { useApi } from '../../session/session';
import { candidatesFor } from './candidates';
import { EvidenceView } from './evidence-view';
import { Ways } from './ways';
import classes from './held.module.css';

interface CaseViewProps {
  job: JobAnswer;
  /** It may have been decided meanwhile, by somebody else or by an event: then it is shown as it is by now, and to be read only. */
  isHeld: boolean;
}

/** One case: why it is held, the evidence side by side, and the three ways out. */
export function CaseView({ job, isHeld }: CaseViewProps) {
  const { t } = useTranslation(['held', 'common']);
  const api = useApi();
  const heldReason = useHeldReason();
  const said = useSaid();
  const { data: evidence, error, refetch } = useQuery(evidenceQuery(api, job.id));
  const { data: history } = useQuery(historyQuery(api, job.id));
  const candidates = useMemo(() => candidatesFor(job, history ?? [], evidence), [job, history, evidence]);
  return (
    <Stack gap="lg" component="article" aria-labelledby="case">
      <div>
        <Group gap="sm" mb={4}>
          <Title order={2} id="case">
            {t(`common:types.${job.type}`)}
          </Title>
          <StateBadge state={job.state} />
          <TextLink to="/jobs/$jobId" params={{ jobId: job.id }} size="sm">
            {t('toJob')}
          </TextLink>
        </Group>
        <Text size="sm" component="div">
          {t('common:fields.mediaId')} <CopyableId whole id={job.mediaId} what={t('common:fields.mediaId')} /> ·{' '}
          {job.region} · {job.client}
        </Text>
      </div>
      {!isHeld && (
        <ToneAlert tone="active" icon={IconInfoCircle}>
          {t('leftHeld')}
        </ToneAlert>
      )}
      <section aria-labelledby="why">
        <Title order={3} id="why" mb={4}>
          {t('why.title')}
        </Title>
        <Paper withBorder p="sm">
          <Text size="sm">{heldReason(job.error?.code)}</Text>
          {job.error && (
            <Text size="sm" className={classes['text']} mt={4}>
              <b>{job.error.code}</b>: {said(job.error.message)}
            </Text>
          )}
        </Paper>
      </section>
      <Ways job={job} isHeld={isHeld} candidates={candidates} />
      <section aria-labelledby="evidence">
        <Title order={3} id="evidence" mb={4}>
          {t('evidence.title')}
        </Title>
        {error && !evidence && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {evidence && <EvidenceView job={job} evidence={evidence} history={history ?? []} />}
      </section>
    </Stack>
  );
}
