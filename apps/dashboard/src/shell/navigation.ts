import { IconBell, IconChartLine, IconHandStop, IconListDetails } from '@tabler/icons-react';

/** The pages of the navigation, in their order; `key` is the letter after `g`. */
export const navigation = [
  { page: 'jobs', to: '/jobs', key: 'j', icon: IconListDetails },
  { page: 'held', to: '/held', key: 'h', icon: IconHandStop },
  { page: 'events', to: '/events', key: 'e', icon: IconBell },
  { page: 'flow', to: '/flow', key: 'f', icon: IconChartLine },
] as const;
