import { Anchor, Group, Stack, Table, Text } from '@mantine/core';
import { IconCircleCheck, IconEye, IconHandStop, type Icon } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { AuditCheck, AuditMoment, AuditResult, Suggestion } from '@app/domain';
import type { Tone } from '../../../parts/states';
import { ToneAlert } from '../../../parts/tone-alert';
import { ToneBadge } from '../../../parts/tone-badge';
import { Axis } from './axis';
import { clock, gravestFirst, lastMomentOf } from './result';
import classes from './result.module.css';
import { Track } from './track';

const looks: Record<Suggestion, { tone: Tone; icon: Icon }> = {
  block: { tone: 'bad', icon: IconHandStop },
  review: { tone: 'doubt', icon: IconEye },
  pass: { tone: 'good', icon: IconCircleCheck },
};

/** What VOD advises, why, and where in the video. */
export function AuditView({ result }: { result: AuditResult }) {
  const { t } = useTranslation('job');
  const { suggestion, labels } = result;
  const checks = useMemo(() => gravestFirst(result), [result]);
  const wordFor = (label: string) => t(`result.scenes.${label}`, { defaultValue: label });
  return (
    <Stack gap="sm">
      <ToneAlert {...looks[suggestion]} title={t(`result.advice.${suggestion}`)}>
        {labels.length > 0 && t('result.found', { labels: labels.map(wordFor).join(t('result.separator')) })}
      </ToneAlert>
      <Moments checks={checks.filter(({ moments }) => moments.length > 0)} />
      {checks.length > 0 && <CheckTable checks={checks} />}
    </Stack>
  );
}

function Moments({ checks }: { checks: AuditCheck[] }) {
  const { t } = useTranslation('job');
  const lengthMs = lastMomentOf(checks);
  if (lengthMs === null) return null;
  return (
    <section>
      {checks.map((check) => (
        <div key={check.scene} className={classes['row']}>
          <Text size="sm" className={classes['word']} title={check.label}>
            {check.label}
          </Text>
          <Track
            label={t('result.momentsOf', { tag: check.label, count: check.moments.length })}
            lengthMs={lengthMs}
            marks={check.moments.map((moment, index) => ({
              key: `${index} ${moment.atMs}`,
              atMs: moment.atMs,
              text: t('result.moment', { time: clock(moment.atMs), tag: moment.label }),
            }))}
          />
        </div>
      ))}
      <div className={classes['row']}>
        <span />
        <Axis lengthMs={lengthMs} />
      </div>
    </section>
  );
}

function CheckTable({ checks }: { checks: AuditCheck[] }) {
  const { t } = useTranslation('job');
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('result.check')}</Table.Th>
            <Table.Th>{t('result.verdict')}</Table.Th>
            <Table.Th>{t('result.label')}</Table.Th>
            <Table.Th>{t('result.moments')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {checks.map((check, index) => (
            <Table.Tr key={index}>
              <Table.Td>
                {t(`result.parts.${check.part}`)} · {t(`result.scenes.${check.scene}`, { defaultValue: check.scene })}
              </Table.Td>
              <Table.Td>
                <ToneBadge {...looks[check.suggestion]}>{t(`result.suggestions.${check.suggestion}`)}</ToneBadge>
              </Table.Td>
              <Table.Td>
                <Label {...check} />
                {check.text !== undefined && (
                  <Text size="xs" c="dimmed">
                    {check.text}
                  </Text>
                )}
                {check.url !== undefined && (
                  <Picture url={check.url} title={t('result.coverOf')}>
                    {t('result.picture')}
                  </Picture>
                )}
              </Table.Td>
              <Table.Td className={classes['times']}>
                <Places check={check} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Label({ label, score }: Pick<AuditMoment, 'label' | 'score'>) {
  const { t } = useTranslation('job');
  return score === null ? label : t('result.scored', { label, score: Math.round(score) });
}

function Places({ check: { moments, found } }: { check: AuditCheck }) {
  const { t } = useTranslation('job');
  const more = found - moments.length;
  return (
    <>
      <Group gap="xs">
        {moments.map(({ atMs, url }, index) => (
          <Picture key={index} url={url} title={t('result.pictureOf', { time: clock(atMs) })}>
            {clock(atMs)}
          </Picture>
        ))}
      </Group>
      {more > 0 && (
        <Text size="xs" c="dimmed">
          {t('result.morePlaces', { count: more })}
        </Text>
      )}
    </>
  );
}

/** As a link: the page loads nothing from elsewhere. */
function Picture({ url, title, children }: { url: string | undefined; title: string; children: string }) {
  if (url === undefined || !/^https?:\/\//.test(url)) return children;
  return (
    <Anchor href={url} size="sm" target="_blank" rel="noopener noreferrer" title={title}>
      {children}
    </Anchor>
  );
}
