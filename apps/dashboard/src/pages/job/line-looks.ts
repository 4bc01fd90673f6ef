import {
  IconAlertTriangle,
  IconBan,
  IconBell,
  IconCheck,
  IconChevronsDown,
  IconCircleX,
  IconClock,
  IconDownload,
  IconEye,
  IconHandStop,
  IconHelpCircle,
  IconPlus,
  IconPoint,
  IconSearch,
  IconSend,
  IconUser,
  type Icon,
} from '@tabler/icons-react';
import type { JobEventType } from '@app/domain';
import type { Tone } from '../../parts/states';
import type { Moment } from './timeline';

interface Look {
  icon: Icon;
  tone: Tone;
}

const looks: Record<JobEventType | 'created' | 'folded', Look> = {
  created: { icon: IconPlus, tone: 'quiet' },
  claimed: { icon: IconSend, tone: 'active' },
  deferred: { icon: IconClock, tone: 'quiet' },
  canceled: { icon: IconBan, tone: 'quiet' },
  accepted: { icon: IconCheck, tone: 'good' },
  refused: { icon: IconCircleX, tone: 'bad' },
  throttled: { icon: IconClock, tone: 'doubt' },
  blocked: { icon: IconAlertTriangle, tone: 'doubt' },
  not_sent: { icon: IconAlertTriangle, tone: 'doubt' },
  never_sent: { icon: IconAlertTriangle, tone: 'doubt' },
  outcome_unknown: { icon: IconHelpCircle, tone: 'doubt' },
  reconsidered: { icon: IconBell, tone: 'doubt' },
  looked: { icon: IconSearch, tone: 'quiet' },
  resent: { icon: IconSend, tone: 'doubt' },
  found: { icon: IconCheck, tone: 'good' },
  proven_absent: { icon: IconBan, tone: 'quiet' },
  undecidable: { icon: IconHandStop, tone: 'person' },
  event_received: { icon: IconBell, tone: 'active' },
  read_running: { icon: IconEye, tone: 'quiet' },
  read_succeeded: { icon: IconDownload, tone: 'good' },
  read_failed: { icon: IconCircleX, tone: 'bad' },
  read_missing: { icon: IconEye, tone: 'doubt' },
  read_unavailable: { icon: IconEye, tone: 'doubt' },
  read_stranger: { icon: IconEye, tone: 'doubt' },
  disowned: { icon: IconHandStop, tone: 'person' },
  vanished: { icon: IconHandStop, tone: 'person' },
  adopted: { icon: IconUser, tone: 'person' },
  deadline_passed: { icon: IconClock, tone: 'doubt' },
  resubmitted: { icon: IconUser, tone: 'person' },
  given_up: { icon: IconUser, tone: 'person' },
  retried: { icon: IconUser, tone: 'person' },
  refetched: { icon: IconUser, tone: 'person' },
  folded: { icon: IconChevronsDown, tone: 'quiet' },
};

/** An event that this page is too old to know still has its place. */
const other: Look = { icon: IconPoint, tone: 'quiet' };

export function lookOf({ line, person }: Moment): Look {
  if (!line) return { icon: IconBell, tone: 'quiet' };
  if (person !== null) return { icon: IconUser, tone: 'person' };
  return (looks as Partial<Record<string, Look>>)[line.event] ?? other;
}
