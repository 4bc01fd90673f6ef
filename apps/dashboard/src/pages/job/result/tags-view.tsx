import { Anchor, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Tag, TagGroup, TagResult } from '@app/domain';
import { ToneBadge } from '../../../parts/tone-badge';
import { Axis } from './axis';
import { groupIcons } from './group-icons';
import { clock, groupTags, lengthOf } from './result';
import { Track } from './track';
import classes from './result.module.css';

type Group = ReturnType<typeof groupTags>[number];

/** The tags in their groups: with their moments on the axis of the video, or as a table. */
export function TagsView({ result }: { result: TagResult }) {
  const { t } = useTranslation('job');
  const [view, setView] = useState<'axis' | 'table'>('axis');
  const groups = useMemo(() => groupTags(result.tags), [result]);
  const lengthMs = useMemo(() => lengthOf(result), [result]);
  if (groups.length === 0) return <Text c="dimmed">{t('result.noTags')}</Text>;
  const hasMoments = lengthMs !== null && result.tags.some(({ timesMs }) => timesMs.length > 0);
  return (
    <Stack gap="sm">
      {hasMoments && (
        <SegmentedControl
          size="xs"
          className={classes['views'] ?? ''}
          aria-label={t('result.shownAs')}
          value={view}
          onChange={(next) => setView(next === 'table' ? 'table' : 'axis')}
          data={[
            { value: 'axis', label: t('result.asAxis') },
            { value: 'table', label: t('result.asTable') },
          ]}
        />
      )}
      {hasMoments && view === 'axis' ? (
        <Moments groups={groups} lengthMs={lengthMs} />
      ) : hasMoments ? (
        <TagTable groups={groups} />
      ) : (
        groups.map(({ group, tags }) => (
          <section key={group}>
            <GroupTitle group={group} />
            <Words tags={tags} group={group} />
          </section>
        ))
      )}
    </Stack>
  );
}

function Moments({ groups, lengthMs }: { groups: Group[]; lengthMs: number }) {
  const { t } = useTranslation('job');
  return (
    <Stack gap="sm">
      {groups.map(({ group, tags }) => {
        const timed = tags.filter(({ timesMs }) => timesMs.length > 0);
        const untimed = tags.filter(({ timesMs }) => timesMs.length === 0);
        return (
          <section key={group}>
            <GroupTitle group={group} />
            {untimed.length > 0 && <Words tags={untimed} group={group} />}
            {timed.map((tag) => (
              <div key={tag.tag} className={classes['row']}>
                <Text size="sm" className={classes['word']} title={tag.tag}>
                  {tag.tag} <Face tag={tag} />
                </Text>
                <Track
                  label={t('result.momentsOf', { tag: tag.tag, count: tag.timesMs.length })}
                  lengthMs={lengthMs}
                  marks={tag.timesMs.map((atMs, index) => ({
                    key: `${index} ${atMs}`,
                    atMs,
                    text: t('result.moment', { time: clock(atMs), tag: tag.tag }),
                  }))}
                />
              </div>
            ))}
          </section>
        );
      })}
      <div className={classes['row']}>
        <span />
        <Axis lengthMs={lengthMs} />
      </div>
    </Stack>
  );
}

function TagTable({ groups }: { groups: Group[] }) {
  const { t } = useTranslation('job');
  return (
    <Table.ScrollContainer minWidth={360}>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('result.group')}</Table.Th>
            <Table.Th>{t('result.tag')}</Table.Th>
            <Table.Th>{t('result.moments')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.flatMap(({ group, tags }) =>
            tags.map((tag) => (
              <Table.Tr key={`${group} ${tag.tag}`}>
                <Table.Td>{t(`result.groups.${group}`)}</Table.Td>
                <Table.Td>
                  {tag.tag} <Face tag={tag} />
                </Table.Td>
                <Table.Td className={classes['times']}>
                  {tag.timesMs.length === 0
                    ? t('result.noMoment')
                    : tag.timesMs.map((ms) => clock(ms)).join(t('result.separator'))}
                </Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function GroupTitle({ group }: { group: TagGroup }) {
  const { t } = useTranslation('job');
  return (
    <Title order={3} size="sm" mb={2}>
      {t(`result.groups.${group}`)}
    </Title>
  );
}

function Words({ tags, group }: { tags: Tag[]; group: TagGroup }) {
  return (
    <Group gap={6}>
      {tags.map((tag) => (
        <ToneBadge key={tag.tag} tone="quiet" icon={groupIcons[group]}>
          {tag.tag} <Face tag={tag} />
        </ToneBadge>
      ))}
    </Group>
  );
}

/** As a link: the page loads nothing from elsewhere. */
function Face({ tag: { tag, faceUrl } }: { tag: Tag }) {
  const { t } = useTranslation('job');
  if (faceUrl === undefined || !/^https?:\/\//.test(faceUrl)) return null;
  return (
    <Anchor href={faceUrl} size="xs" target="_blank" rel="noopener noreferrer" aria-label={t('result.faceOf', { tag })}>
      {t('result.face')}
    </Anchor>
  );
}
