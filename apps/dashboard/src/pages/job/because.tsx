import { Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { JobAnswer, OutlookAnswer } from '@app/contract';
import { useFormat, useNow } from '../../i18n/format';
import { useSaid } from '../../i18n/use-said';
import { useRate } from '../../parts/rate';
import { ToneAlert } from '../../parts/tone-alert';

/** What a job waits for, said with its cause. */
export function Because({ job, outlook }: { job: JobAnswer; outlook: OutlookAnswer }) {
  const { t } = useTranslation('job');
  const said = useSaid();
  const words = useWords(job, outlook);
  if (words === null) return null;
  switch (outlook.reason) {
    case 'no_worker':
    case 'circuit':
    case 'stalled':
      return (
        <ToneAlert tone={outlook.reason === 'stalled' ? 'doubt' : 'bad'} icon={IconAlertTriangle} p="xs">
          {words}
          {outlook.reason === 'circuit' && outlook.circuit && (
            <Text size="sm">
              <b>{outlook.circuit.code}</b>: {said(outlook.circuit.message)}
            </Text>
          )}
        </ToneAlert>
      );
    default:
      return (
        <Text size="sm" title={outlook.reason === 'in_line' ? t('because.estimate') : undefined}>
          {words}
        </Text>
      );
  }
}

function useWords({ region }: JobAnswer, outlook: OutlookAnswer): string | null {
  const { t } = useTranslation('job');
  const format = useFormat();
  const rate = useRate();
  const now = useNow();
  const { reason, ahead, aheadIsAtLeast, perSecond, expectedAt, closedQueue, cap } = outlook;
  const until = (at: string) => format.about(Math.max(1_000, Date.parse(at) - now));
  switch (reason) {
    case 'no_worker':
    case 'circuit':
    case 'stalled':
      return t(`because.${reason}`, { region });
    case 'throttled':
      return closedQueue && t('because.throttled', { time: until(closedQueue.until) });
    case 'cap':
      return cap && t('because.cap', { jobs: format.number(cap.jobs), most: format.number(cap.most) });
    case 'backs_off':
      return expectedAt && t('because.backs_off', { time: until(expectedAt) });
    case 'in_line': {
      if (ahead === null) return expectedAt && t('because.reads', { time: until(expectedAt) });
      const before = t(aheadIsAtLeast ? 'because.moreBefore' : 'because.before', {
        count: ahead,
        ahead: format.number(ahead),
      });
      const when =
        perSecond === null || expectedAt === null
          ? t('because.unknown')
          : t('because.sent', { rate: rate(perSecond), time: until(expectedAt) });
      return t('because.in_line', { before, when });
    }
    case 'over':
    case 'held':
    case 'scheduled':
    case 'next':
      return null;
  }
}
