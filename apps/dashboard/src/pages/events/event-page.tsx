import { Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { EventAnswer } from '@app/contract';
import { eventQuery } from '../../api/queries';
import { useFormat } from '../../i18n/format';
import { useSaid } from '../../i18n/use-said';
import { CopyableId } from '../../parts/copyable-id';
import { ErrorNotice } from '../../parts/error-notice';
import { EventBody, useSignatureText, VerdictBadge } from '../../parts/event-parts';
import { Facts } from '../../parts/facts';
import { Loading } from '../../parts/loading';
import { Page } from '../../parts/page';
import { TextLink } from '../../parts/text-link';
import { ExactTime } from '../../parts/time';
import { useApi } from '../../session/session';
import { ReplayButton } from './replay-button';

const route = getRouteApi('/events/$eventId');

/** One notification: what became of it, what its signature says, and its body as it came. */
export function EventPage() {
  const { eventId } = route.useParams();
  const { t } = useTranslation('events');
  const { data: event, error, refetch } = useQuery(eventQuery(useApi(), eventId));
  return (
    <Page title={event?.eventType || t('one')}>
      {event && <Received event={event} />}
      {!event && error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!event && !error && <Loading h={240} />}
    </Page>
  );
}

function Received({ event }: { event: EventAnswer }) {
  const { t } = useTranslation('events');
  const signature = useSignatureText();
  const said = useSaid();
  return (
    <Stack gap="lg">
      <Paper withBorder p="sm">
        <Stack gap="xs">
          <Text size="sm">
            <VerdictBadge verdict={event.verdict} /> {t(`verdictMeans.${event.verdict}`)}
            {event.reason !== null && ` (${said(event.reason)})`}
          </Text>
          <Text size="sm">{signature(event.signature, 'sentence')}</Text>
          <WhereTo event={event} />
          <ReplayButton event={event} />
        </Stack>
      </Paper>
      <section aria-labelledby="event-facts">
        <Title order={2} id="event-facts" mb="sm">
          {t('facts.title')}
        </Title>
        <EventFacts event={event} />
      </section>
      <div>
        <Title order={2} mb="sm">
          {t('body')}
        </Title>
        <EventBody event={event} />
      </div>
    </Stack>
  );
}

/** To its job; without one, to what may be meant. */
function WhereTo({ event: { jobId, mediaId } }: { event: EventAnswer }) {
  const { t } = useTranslation('events');
  if (jobId !== null) {
    return (
      <TextLink to="/jobs/$jobId" params={{ jobId }} size="sm">
        {t('toItsJob')}
      </TextLink>
    );
  }
  if (mediaId === null) return null;
  return (
    <TextLink to="/jobs" search={{ mediaId }} size="sm">
      {t('toMedia')}
    </TextLink>
  );
}

function EventFacts({ event }: { event: EventAnswer }) {
  const { t } = useTranslation(['events', 'common']);
  const format = useFormat();
  const orDash = (text: string | null) => text || '–';
  const id = (value: string | null, what: string) => (value ? <CopyableId whole id={value} what={what} /> : '–');
  return (
    <Facts
      of={[
        { name: t('columns.eventType'), value: orDash(event.eventType) },
        { name: t('columns.status'), value: orDash(event.status) },
        { name: t('common:fields.mediaId'), value: id(event.mediaId, t('common:fields.mediaId')) },
        { name: t('common:fields.vodJobId'), value: id(event.vodJobId, t('common:fields.vodJobId')) },
        { name: t('columns.received'), value: <ExactTime at={event.receivedAt} precise /> },
        ...(event.copies > 1
          ? [
              { name: t('facts.copies'), value: format.number(event.copies) },
              { name: t('facts.lastReceived'), value: <ExactTime at={event.lastReceivedAt} precise /> },
            ]
          : []),
        { name: t('facts.eventTime'), value: event.eventTime === null ? '–' : <ExactTime at={event.eventTime} /> },
        {
          name: t('common:fields.region'),
          value: event.region === '*' ? t('facts.anyRegion') : event.region,
        },
        { name: t('facts.source'), value: event.source },
        { name: t('facts.size'), value: format.bytes(event.bodySize) },
        { name: t('facts.id'), value: <CopyableId whole id={event.id} what={t('facts.id')} /> },
      ]}
    />
  );
}
