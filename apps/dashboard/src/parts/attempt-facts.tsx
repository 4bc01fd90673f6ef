import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { EvidenceAnswer } from '@app/contract';
import { useFormat } from '../i18n/format';
import { useSaid } from '../i18n/use-said';
import classes from './attempt-facts.module.css';
import { CopyableId } from './copyable-id';
import { ExactTime } from './time';

type Submission = EvidenceAnswer['submissions'][number];

/** One call that submits: when it left, what came back and after how long, and whether it was sent once more. */
export function AttemptFacts({ submission }: { submission: Submission }) {
  const { t } = useTranslation();
  const format = useFormat();
  const said = useSaid();
  const { sentAt, answeredAt, outcome, code, message, vodRequestId, resends, resentAt, nonceSeenAt } = submission;
  const lastSentAt = resentAt ?? sentAt;
  const answerMs =
    lastSentAt === null || answeredAt === null || outcome === 'unknown'
      ? null
      : Math.max(0, Date.parse(answeredAt) - Date.parse(lastSentAt));
  return (
    <div className={classes['root']}>
      <Text size="xs">
        {sentAt === null ? (
          t('attempt.neverLeft')
        ) : (
          <>
            {t('attempt.sent')} <ExactTime at={sentAt} precise />
          </>
        )}
        {' · '}
        {outcome === null ? t('attempt.noAnswerYet') : t(`attempt.outcomes.${outcome}`)}
        {answerMs !== null && <> ({t('attempt.after', { time: format.duration(answerMs) })})</>}
      </Text>
      {code !== null && (
        <Text size="xs" className={classes['text'] ?? ''}>
          <b>{code}</b>
          {message && `: ${said(message)}`}
        </Text>
      )}
      {vodRequestId !== null && (
        <Group gap={4} c="dimmed" fz="xs" wrap="nowrap">
          RequestId <CopyableId id={vodRequestId} what={t('fields.vodRequestId')} />
        </Group>
      )}
      {resends > 0 && (
        <Text size="xs">
          {t('attempt.resent', { count: resends })} {resentAt !== null && <ExactTime at={resentAt} precise />}
        </Text>
      )}
      {nonceSeenAt !== null && (
        <Text size="xs">
          {t('attempt.nonceSeen')} <ExactTime at={nonceSeenAt} precise />
        </Text>
      )}
    </div>
  );
}
