import { Loader, Stack, Text } from '@mantine/core';
import {
  IconArrowsSplit2,
  IconBan,
  IconCheck,
  IconDownload,
  IconHelpCircle,
  IconScissors,
  IconX,
  type Icon,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { EventAnswer, EventItem } from '@app/contract';
import { eventSignatures, type EventVerdict } from '@app/domain';
import { eventQuery } from '../api/queries';
import { useFormat } from '../i18n/format';
import { useApi } from '../session/session';
import { ErrorNotice } from './error-notice';
import { prettyJson } from './pieces';
import { RawText } from './raw-text';
import type { Tone } from './states';
import { ToneAlert } from './tone-alert';
import { ToneBadge } from './tone-badge';

/** How received notifications are shown, wherever they are. */

const verdictLooks: Record<EventVerdict, { tone: Tone; icon: Icon }> = {
  received: { tone: 'active', icon: IconDownload },
  matched: { tone: 'good', icon: IconCheck },
  unmatched: { tone: 'doubt', icon: IconHelpCircle },
  foreign: { tone: 'quiet', icon: IconArrowsSplit2 },
  ignored: { tone: 'quiet', icon: IconBan },
  rejected: { tone: 'bad', icon: IconX },
};

export function VerdictBadge({ verdict }: { verdict: EventVerdict }) {
  const { t } = useTranslation('events');
  const { tone, icon } = verdictLooks[verdict];
  return (
    <ToneBadge tone={tone} icon={icon} title={t(`verdictMeans.${verdict}`)}>
      {t(`verdicts.${verdict}`)}
    </ToneBadge>
  );
}

/** What the signature of an event said, in a word or in a sentence. */
export function useSignatureText(): (signature: string, length: 'word' | 'sentence') => string {
  const { t } = useTranslation('events');
  return (signature, length) => {
    const known = eventSignatures.find((one) => one === signature);
    if (!known) return signature;
    return length === 'word' ? t(`signatures.${known}`) : t(`signatureMeans.${known}`);
  };
}

/** Read when it is looked at: a page of events has no bodies. */
export function EventBodyOf({ event }: { event: EventItem }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(eventQuery(useApi(), event.id));
  if (data) return <EventBody event={data} />;
  if (error) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return <Loader size="sm" aria-label={t('loading')} />;
}

export function EventBody({ event: { body, bodySize, bodyDroppedAt } }: { event: EventAnswer }) {
  const { t } = useTranslation('events');
  const format = useFormat();
  if (bodyDroppedAt !== null)
    return <Text c="dimmed">{t('bodyDropped', { until: format.dateTime(bodyDroppedAt) })}</Text>;
  const { text, isJson } = prettyJson(body);
  // Only the head of a very large one is kept. Bytes that are no UTF-8 have become other characters, and count differently.
  const isCut = !isJson && bodySize > new TextEncoder().encode(body).length;
  return (
    <Stack gap="xs">
      {isCut && (
        <ToneAlert tone="doubt" icon={IconScissors}>
          {t('bodyCut', { size: format.bytes(bodySize) })}
        </ToneAlert>
      )}
      {body === '' ? <Text c="dimmed">{t('bodyEmpty')}</Text> : <RawText text={text} what={t('body')} />}
      {!isJson && body !== '' && (
        <Text size="xs" c="dimmed">
          {t('bodyNotJson')}
        </Text>
      )}
    </Stack>
  );
}
