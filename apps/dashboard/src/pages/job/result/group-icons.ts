import { IconCategory, IconClock, IconMapPin, IconTag, IconUser, type Icon } from '@tabler/icons-react';
import type { TagGroup } from '@app/domain';

export const groupIcons: Record<TagGroup, Icon> = {
  Category: IconCategory,
  Keyword: IconTag,
  Person: IconUser,
  Location: IconMapPin,
  Time: IconClock,
};
