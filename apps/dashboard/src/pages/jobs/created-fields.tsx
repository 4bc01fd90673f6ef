import { Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat, useNow } from '../../i18n/format';
import { chosenZone, nameOfLocalZone, onZone } from '../../i18n/zone';
import { beginOf, fromField, stretches, toField } from './created';
import type { JobsFilter } from './search';

type Range = Pick<JobsFilter, 'createdFrom' | 'createdTo'>;

interface CreatedFieldsProps {
  value: Range;
  onChange: (range: Range) => void;
  errorOf: (name: keyof Range) => string | undefined;
}

/** From when to when jobs were created, and by whose clock that is meant. */
export function CreatedFields({ value, onChange, errorOf }: CreatedFieldsProps) {
  const { t } = useTranslation('jobs');
  const zone = useSyncExternalStore(onZone, chosenZone);
  const offset = useFormat().zone(new Date(useNow()));
  const field = (name: keyof Range) => (
    <TextInput
      type="datetime-local"
      step={1}
      label={t(`filters.${name}`)}
      value={toField(value[name], zone)}
      error={errorOf(name)}
      onChange={(event) => onChange({ [name]: fromField(event.currentTarget.value, zone) })}
    />
  );
  return (
    <Stack gap={4}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs">
        {field('createdFrom')}
        {field('createdTo')}
      </SimpleGrid>
      <Group gap={6}>
        {stretches.map((stretch) => (
          <Button
            key={stretch}
            size="compact-xs"
            variant="default"
            onClick={() => onChange({ createdFrom: beginOf(stretch, new Date(), zone), createdTo: '' })}
          >
            {t(`filters.since.${stretch}`)}
          </Button>
        ))}
        <Text size="xs" c="dimmed">
          {zone === 'utc' ? t('filters.zoneUtc') : t('filters.zoneLocal', { zone: `${nameOfLocalZone()}, ${offset}` })}
        </Text>
      </Group>
    </Stack>
  );
}
