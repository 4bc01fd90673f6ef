import {
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconClockOff,
  IconDownload,
  IconHandStop,
  IconHelpCircle,
  IconLoader,
  IconSend,
  type Icon,
} from '@tabler/icons-react';
import type { JobState } from '@app/domain';

/** Colours of theme.css: how a state is meant, whatever it is called. */
export type Tone = 'quiet' | 'active' | 'doubt' | 'person' | 'good' | 'bad';

export const stateLooks: Record<JobState, { tone: Tone; icon: Icon }> = {
  queued: { tone: 'quiet', icon: IconClock },
  submitting: { tone: 'active', icon: IconSend },
  unconfirmed: { tone: 'doubt', icon: IconHelpCircle },
  processing: { tone: 'active', icon: IconLoader },
  finished: { tone: 'active', icon: IconDownload },
  held: { tone: 'person', icon: IconHandStop },
  succeeded: { tone: 'good', icon: IconCircleCheck },
  failed: { tone: 'bad', icon: IconCircleX },
  canceled: { tone: 'quiet', icon: IconBan },
  expired: { tone: 'doubt', icon: IconClockOff },
};
