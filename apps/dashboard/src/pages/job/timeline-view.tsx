import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronsDown } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EventItem, RequestAnswer } from '@app/contract';
import { useFormat } from '../../i18n/format';
import { AttemptFacts } from '../../parts/attempt-facts';
import { EventBodyOf, useSignatureText, VerdictBadge } from '../../parts/event-parts';
import { StateBadge } from '../../parts/state-badge';
import { TextLink } from '../../parts/text-link';
import { ExactTime } from '../../parts/time';
import { useStory } from '../../story/use-story';
import { lookOf } from './line-looks';
import { foldRuns, type Moment } from './timeline';
import classes from './timeline.module.css';

interface TimelineViewProps {
  moments: Moment[];
  jobId: string;
  /** What asked for the job; its other jobs are named at the beginning. */
  request: RequestAnswer | undefined;
}

/** Everything that happened, oldest first. */
export function TimelineView({ moments, jobId, request }: TimelineViewProps) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  return (
    <ol className={classes['timeline']}>
      {foldRuns(moments).map((stretch) => {
        const key = stretch.moments[0]?.key ?? '';
        if (stretch.folded && !unfolded.has(key)) {
          const unfold = () => setUnfolded((before) => new Set([...before, key]));
          return <Folded key={`fold ${key}`} count={stretch.moments.length} unfold={unfold} />;
        }
        return stretch.moments.map((moment) => (
          <Row key={moment.key} moment={moment}>
            {moment.line?.event === 'created' && request && <OtherJobs jobId={jobId} request={request} />}
          </Row>
        ));
      })}
    </ol>
  );
}

function Folded({ count, unfold }: { count: number; unfold: () => void }) {
  const { t } = useTranslation('job');
  return (
    <li className={classes['item']}>
      <span className={classes['bullet']}>
        <IconChevronsDown size={14} aria-hidden />
      </span>
      <Button size="compact-xs" variant="default" onClick={unfold}>
        {t('timeline.more', { count })}
      </Button>
    </li>
  );
}

function Row({ moment, children }: { moment: Moment; children: ReactNode }) {
  const { t } = useTranslation('job');
  const tell = useStory();
  const { line, event, submission, person } = moment;
  const { icon: Mark, tone } = lookOf(moment);
  return (
    <li className={classes['item']} data-tone={tone}>
      <span className={classes['bullet']}>
        <Mark size={13} stroke={2.2} aria-hidden />
      </span>
      <Text size="sm" fw={person === null ? 400 : 600} className={classes['sentence'] ?? ''}>
        {line ? tell(line) : event && t('timeline.eventWithout', { status: event.status })}
      </Text>
      <When moment={moment} />
      {submission && <AttemptFacts submission={submission} />}
      {event && <EventFacts event={event} />}
      {children}
    </li>
  );
}

function When({ moment: { at, gapMs, line } }: { moment: Moment }) {
  const { t } = useTranslation('job');
  const format = useFormat();
  return (
    <Group gap="xs" c="dimmed" fz="xs">
      <ExactTime at={at} precise />
      {gapMs !== null && <span title={t('timeline.gap')}>+{format.duration(gapMs)}</span>}
      {line && line.from !== line.to && <StateBadge state={line.to} />}
    </Group>
  );
}

function EventFacts({ event }: { event: EventItem }) {
  const { t } = useTranslation('job');
  const signatureText = useSignatureText();
  const [opened, { toggle }] = useDisclosure();
  return (
    <div className={classes['more']}>
      <Group gap="xs" fz="xs">
        <VerdictBadge verdict={event.verdict} />
        <span title={signatureText(event.signature, 'sentence')}>
          {t('timeline.signature', { verdict: signatureText(event.signature, 'word') })}
        </span>
        {event.copies > 1 && <span>{t('timeline.copies', { count: event.copies })}</span>}
        <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={opened}>
          {opened ? t('timeline.hideBody') : t('timeline.showBody')}
        </Button>
        <TextLink to="/events/$eventId" params={{ eventId: event.id }} inherit>
          {t('timeline.toEvent')}
        </TextLink>
      </Group>
      {opened && <EventBodyOf event={event} />}
    </div>
  );
}

function OtherJobs({ jobId, request }: { jobId: string; request: RequestAnswer }) {
  const { t } = useTranslation(['job', 'common']);
  const others = request.jobs.filter(({ id }) => id !== jobId);
  if (others.length === 0 && request.extend === null) return null;
  return (
    <div className={classes['more']}>
      {others.map(({ id, type, state }) => (
        <Group key={id} gap="xs" fz="xs">
          <span>{t('timeline.sameRequest')}</span>
          <TextLink to="/jobs/$jobId" params={{ jobId: id }} inherit>
            {t(`common:types.${type}`)}
          </TextLink>
          <StateBadge state={state} />
        </Group>
      ))}
      {request.extend !== null && (
        <Text size="xs" c="dimmed">
          {t('timeline.extend', { text: request.extend })}
        </Text>
      )}
    </div>
  );
}
