import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { meaningsOf } from './looked-for';

/** Below the filters: as what the search was taken. */
export function LookedForLine({ q }: { q: string }) {
  const { t } = useTranslation(['filters', 'common']);
  const meanings = meaningsOf(q).map((meaning) => t(`meanings.${meaning}`, { q }));
  return (
    <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
      {t('lookedFor', { meanings: meanings.join(t('common:listSeparator')) })}
    </Text>
  );
}
