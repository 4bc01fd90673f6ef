import { useTranslation } from 'react-i18next';
import type { JobState } from '@app/domain';
import { stateLooks } from './states';
import { ToneBadge } from './tone-badge';

/** A state as icon, word and colour; hovering says what it means. A table has hundreds of them: no component for a title. */
export function StateBadge({ state }: { state: JobState }) {
  const { t } = useTranslation();
  const { tone, icon } = stateLooks[state];
  return (
    <ToneBadge tone={tone} icon={icon} title={t(`stateMeans.${state}`)}>
      {t(`states.${state}`)}
    </ToneBadge>
  );
}
