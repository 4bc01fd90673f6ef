import {
  IconArrowsRight,
  IconBan,
  IconDownload,
  IconFlagX,
  IconLink,
  IconRefresh,
  type Icon,
} from '@tabler/icons-react';
import type { ActionName } from './actions';

export const actionIcons: Record<ActionName, Icon> = {
  cancel: IconBan,
  retry: IconRefresh,
  refetch: IconDownload,
  adopt: IconLink,
  resubmit: IconArrowsRight,
  fail: IconFlagX,
};
