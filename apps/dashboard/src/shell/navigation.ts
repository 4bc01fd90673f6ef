import { IconBell, IconChartLine, IconHandStop, IconListDetails, IconSend } from '@tabler/icons-react';
import { useMayAct } from '../actions/job-actions';

/** The pages of the navigation, in their order; `key` is the letter after `g`. */
const pages = [
  { page: 'jobs', to: '/jobs', key: 'j', icon: IconListDetails },
  { page: 'held', to: '/held', key: 'h', icon: IconHandStop },
  { page: 'events', to: '/events', key: 'e', icon: IconBell },
  { page: 'flow', to: '/flow', key: 'f', icon: IconChartLine },
  { page: 'submit', to: '/submit', key: 's', icon: IconSend },
] as const;

/** Those that are for this person: who may only look submits nothing. */
export function useNavigation(): (typeof pages)[number][] {
  const mayAct = useMayAct();
  return pages.filter(({ page }) => page !== 'submit' || mayAct);
}
