import { Group, Progress, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { IconCopyOff } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FingerprintResult, Segment, Span } from '@app/domain';
import { useFormat } from '../../../i18n/format';
import { CopyableId } from '../../../parts/copyable-id';
import { NothingHere } from '../../../parts/nothing-here';
import { TextLink } from '../../../parts/text-link';
import { Axis } from './axis';
import { clock, compareVideos } from './result';
import classes from './result.module.css';
import { Track, type Mark } from './track';

type Comparison = ReturnType<typeof compareVideos>[number];

/** Each video that matches, beside ours on one time axis. */
export function MatchesView({ result }: { result: FingerprintResult }) {
  const { t } = useTranslation('job');
  const [view, setView] = useState<'axis' | 'table'>('axis');
  const comparisons = useMemo(() => compareVideos(result), [result]);
  if (comparisons.length === 0) {
    return <NothingHere icon={IconCopyOff} title={t('result.noMatches')} text={t('result.noMatchesText')} />;
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t('result.matches', { count: comparisons.length })}</Text>
        <SegmentedControl
          size="xs"
          aria-label={t('result.shownAs')}
          value={view}
          onChange={(next) => setView(next === 'table' ? 'table' : 'axis')}
          data={[
            { value: 'axis', label: t('result.asBars') },
            { value: 'table', label: t('result.asTable') },
          ]}
        />
      </Group>
      {comparisons.map((match, index) => (
        <section key={`${index} ${match.mediaId}`} className={classes['match']}>
          <MatchTitle match={match} />
          {match.segments.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t('result.noSegments')}
            </Text>
          ) : view === 'axis' ? (
            <Bars match={match} />
          ) : (
            <SegmentTable segments={match.segments} />
          )}
        </section>
      ))}
    </Stack>
  );
}

function MatchTitle({ match: { mediaId, similarity } }: { match: Comparison }) {
  const { t } = useTranslation(['job', 'common']);
  const format = useFormat();
  const said = t('result.similarity', { share: format.percent(similarity) });
  return (
    <Group gap="sm" mb={4} justify="space-between">
      <CopyableId id={mediaId} what={t('common:fields.mediaId')}>
        <TextLink to="/jobs" search={{ mediaId }} inherit>
          {mediaId}
        </TextLink>
      </CopyableId>
      <Group gap="xs" wrap="nowrap">
        <Progress value={100 * similarity} w={80} color="blue.8" aria-label={said} />
        <Text size="sm" fw={600}>
          {said}
        </Text>
      </Group>
    </Group>
  );
}

/** What is looked at in one video is highlighted in the other. */
function Bars({ match: { mediaId, segments, lengthMs } }: { match: Comparison }) {
  const { t } = useTranslation('job');
  const [looked, setLooked] = useState<number | null>(null);
  const marksOf = (spanOf: (segment: Segment) => Span): Mark[] =>
    segments.map((segment, index) => ({
      key: String(index),
      atMs: spanOf(segment).startSec * 1000,
      lengthMs: spanOf(segment).durationSec * 1000,
      text: t('result.aligned', { ours: timesOf(segment.input), theirs: timesOf(segment.duplication) }),
    }));
  const common = { lengthMs, highlighted: looked, onLook: setLooked };
  return (
    <>
      <div className={classes['row']}>
        <Text size="sm">{t('result.ours')}</Text>
        <Track label={t('result.ours')} marks={marksOf(({ input }) => input)} {...common} />
      </div>
      <div className={classes['row']}>
        <Text size="sm">{t('result.theirs')}</Text>
        <Track
          label={t('result.theirsOf', { mediaId })}
          tone="theirs"
          marks={marksOf(({ duplication }) => duplication)}
          {...common}
        />
      </div>
      <div className={classes['row']}>
        <span />
        <Axis lengthMs={lengthMs} />
      </div>
    </>
  );
}

function SegmentTable({ segments }: { segments: Segment[] }) {
  const { t } = useTranslation('job');
  const format = useFormat();
  return (
    <Table verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('result.ours')}</Table.Th>
          <Table.Th>{t('result.theirs')}</Table.Th>
          <Table.Th>{t('result.lasts')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody className={classes['times'] ?? ''}>
        {segments.map(({ input, duplication }, index) => (
          <Table.Tr key={index}>
            <Table.Td>{timesOf(input)}</Table.Td>
            <Table.Td>{timesOf(duplication)}</Table.Td>
            <Table.Td>{format.duration(input.durationSec * 1000)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function timesOf({ startSec, durationSec }: Span): string {
  const [from, to] = [startSec, startSec + durationSec].map((sec) => clock(sec * 1000, { tenths: true }));
  return `${from}–${to}`;
}
