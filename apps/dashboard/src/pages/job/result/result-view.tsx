import { Button, Loader, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconBraces } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { laidOut, memberOf, type Result } from '@app/client';
import type { JobAnswer } from '@app/contract';
import { resultQuery } from '../../../api/queries';
import { useSaid } from '../../../i18n/use-said';
import { ErrorNotice } from '../../../parts/error-notice';
import { RawText } from '../../../parts/raw-text';
import { RelativeTime } from '../../../parts/time';
import { ToneAlert } from '../../../parts/tone-alert';
import { useApi } from '../../../session/session';
import { AuditView } from './audit-view';
import { MatchesView } from './matches-view';
import { TagsView } from './tags-view';
import { TranscriptView } from './transcript-view';

/** What VOD found, as a person wants to see it; VOD's own data is one click away. */
export function ResultView({ job }: { job: JobAnswer }) {
  const { t } = useTranslation(['job', 'common']);
  const said = useSaid();
  const { data: result, error, refetch } = useQuery(resultQuery(useApi(), job.id));
  if (error && result === undefined) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (result === undefined) return <Loader size="sm" aria-label={t('common:loading')} />;
  if (result === null) return <Text c="dimmed">{t('result.none')}</Text>;
  return (
    <Stack gap="md">
      {job.error?.phase === 'result' && (
        <ToneAlert tone="doubt" icon={IconAlertTriangle} title={t('result.unusable')}>
          {t('result.unusableText', { problem: said(job.error.message) })}
        </ToneAlert>
      )}
      <Normalized result={result} />
      <Raw result={result} />
    </Stack>
  );
}

function Normalized({ result }: { result: Result }) {
  const { t } = useTranslation('job');
  const shown = result.normalized;
  if (shown === null) return null;
  switch (shown.type) {
    case 'AIVideoTag':
      return (
        <>
          <TagsView result={shown} />
          {shown.transcript && (
            <section>
              <Title order={3} mb={4}>
                {t('result.transcript')}
              </Title>
              <TranscriptView transcript={shown.transcript} />
            </section>
          )}
        </>
      );
    case 'AIMediaDNA':
      return <MatchesView result={shown} />;
    case 'AIMediaAudit':
      return <AuditView result={shown} />;
  }
}

function Raw({ result: { raw, text, source, readAt } }: { result: Result }) {
  const { t } = useTranslation('job');
  const [opened, { toggle }] = useDisclosure();
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {t('result.readFrom', { source })} <RelativeTime at={readAt} />
      </Text>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconBraces size={16} aria-hidden />}
        onClick={toggle}
        aria-expanded={opened}
        style={{ alignSelf: 'flex-start' }}
      >
        {t('result.raw')}
      </Button>
      {opened && (
        <RawText
          what={t('result.raw')}
          text={
            raw === null ? t('result.rawNone') : typeof raw === 'string' ? raw : laidOut(memberOf(text, 'raw') ?? '')
          }
        />
      )}
    </Stack>
  );
}
