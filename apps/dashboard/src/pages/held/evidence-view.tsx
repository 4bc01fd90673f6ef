import { Button, Group, Paper, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronsDown } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EventItem, EvidenceAnswer, HistoryAnswer, JobAnswer } from '@app/contract';
import { AttemptFacts } from '../../parts/attempt-facts';
import { CopyableId } from '../../parts/copyable-id';
import { EventBodyOf, useSignatureText } from '../../parts/event-parts';
import { StateBadge } from '../../parts/state-badge';
import { TextLink } from '../../parts/text-link';
import { ExactTime } from '../../parts/time';
import { useStory } from '../../story/use-story';
import { foldRuns, momentsOf, type Stretch } from '../job/timeline';
import { linesOfThisCase } from './candidates';
import classes from './held.module.css';

type HistoryItem = HistoryAnswer['items'][number];

interface EvidenceViewProps {
  job: JobAnswer;
  evidence: EvidenceAnswer;
  history: readonly HistoryItem[];
}

/** What was sent, what was found when it was looked for, what VOD said by itself, and what else is known of the media. */
export function EvidenceView({ job, evidence, history }: EvidenceViewProps) {
  const { t } = useTranslation('held');
  const submissions = evidence.submissions.filter(({ types }) => types.includes(job.type));
  const looks = linesOfThisCase(history).filter(({ event }) => event !== 'claimed');
  return (
    <div className={classes['evidence']}>
      <Piece title={t('evidence.sent')} empty={t('evidence.nothingSent')} items={submissions}>
        {(submission) => (
          <li key={submission.number}>
            <Text size="sm" fw={600}>
              {t('evidence.attempt', { number: submission.number })}
            </Text>
            <AttemptFacts submission={submission} />
          </li>
        )}
      </Piece>
      <Piece title={t('evidence.looks')} empty={t('evidence.noLooks')} items={foldRuns(momentsOf({ history: looks }))}>
        {(stretch) => <Looks key={stretch.moments[0]?.key} stretch={stretch} />}
      </Piece>
      <Piece title={t('evidence.events')} empty={t('evidence.noEvents')} items={evidence.unmatchedEvents}>
        {(event) => <UnmatchedEvent key={event.id} event={event} />}
      </Piece>
      <Piece title={t('evidence.sameMedia')} empty={t('evidence.noSameMedia')} items={evidence.sameMedia}>
        {(other) => <OtherJob key={other.id} job={other} />}
      </Piece>
    </div>
  );
}

interface PieceProps<T> {
  title: string;
  empty: string;
  items: T[];
  children: (item: T) => ReactNode;
}

function Piece<T>({ title, empty, items, children }: PieceProps<T>) {
  return (
    <Paper withBorder p="sm">
      <Title order={4} size="sm" mb="xs">
        {title}
      </Title>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      ) : (
        <ul className={classes['items']}>{items.map(children)}</ul>
      )}
    </Paper>
  );
}

/** What says the same over and over is folded up, as on the page of the job. */
function Looks({ stretch: { folded, moments } }: { stretch: Stretch }) {
  const { t } = useTranslation('job');
  const [opened, { open }] = useDisclosure(!folded);
  if (opened) return moments.map(({ key, line }) => line && <Look key={key} line={line} />);
  return (
    <li>
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconChevronsDown size={14} aria-hidden />}
        onClick={open}
      >
        {t('timeline.more', { count: moments.length })}
      </Button>
    </li>
  );
}

function Look({ line }: { line: HistoryItem }) {
  const tell = useStory();
  return (
    <li>
      <Text size="sm" className={classes['text']}>
        {tell(line)}
      </Text>
      <Text size="xs" c="dimmed">
        <ExactTime at={line.at} precise />
      </Text>
    </li>
  );
}

function UnmatchedEvent({ event }: { event: EventItem }) {
  const { t } = useTranslation(['held', 'common']);
  const signature = useSignatureText();
  const [opened, { toggle }] = useDisclosure();
  return (
    <li>
      <CopyableId whole id={event.vodJobId} what={t('common:fields.vodJobId')} />
      <Text size="sm">{t('evidence.eventSays', { status: event.status })}</Text>
      <Text size="xs" c="dimmed">
        <ExactTime at={event.receivedAt} precise /> · {signature(event.signature, 'sentence')}
      </Text>
      <Group gap="xs" fz="xs" my={4}>
        <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={opened}>
          {opened ? t('evidence.hideBody') : t('evidence.showBody')}
        </Button>
        <TextLink to="/events/$eventId" params={{ eventId: event.id }} inherit>
          {t('evidence.toEvent')}
        </TextLink>
      </Group>
      {opened && <EventBodyOf event={event} />}
    </li>
  );
}

function OtherJob({ job: { id, state, vodJobId, createdAt, client } }: { job: JobAnswer }) {
  const { t } = useTranslation(['held', 'common']);
  return (
    <li>
      <Group gap="xs">
        <StateBadge state={state} />
        <TextLink to="/jobs/$jobId" params={{ jobId: id }} size="sm">
          <ExactTime at={createdAt} />
        </TextLink>
        <Text span size="sm">
          {client}
        </Text>
      </Group>
      {vodJobId !== null && (
        <Text size="sm" component="div">
          <CopyableId whole id={vodJobId} what={t('common:fields.vodJobId')} />
        </Text>
      )}
    </li>
  );
}
