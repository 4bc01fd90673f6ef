import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { JobState } from '@app/domain';
import { stateLooks } from './states';
import { ToneBadge } from './tone-badge';

/** A state as icon, word and colour; what it means is in its tooltip. */
export function StateBadge({ state }: { state: JobState }) {
  const { t } = useTranslation();
  const { tone, icon } = stateLooks[state];
  return (
    <Tooltip label={t(`stateMeans.${state}`)}>
      <ToneBadge tone={tone} icon={icon}>
        {t(`states.${state}`)}
      </ToneBadge>
    </Tooltip>
  );
}
