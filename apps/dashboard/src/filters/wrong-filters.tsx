import { Button, Code, Group, List, Text } from '@mantine/core';
import { IconFilterX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ToneAlert } from '../parts/tone-alert';
import { dropped, type WrongFilter } from './wrong';
import type { SearchParams } from '../search-params';

interface WrongFiltersProps {
  wrong: WrongFilter[];
  /** The search of the URL, as it is. */
  params: SearchParams;
  nameOf: (name: string) => string;
  onChange: (params: SearchParams) => void;
}

/** In the place of a list: what is wrong with what it was asked for, and how to see it without that. */
export function WrongFilters({ wrong, params, nameOf, onChange }: WrongFiltersProps) {
  const { t } = useTranslation('filters');
  return (
    <ToneAlert tone="bad" icon={IconFilterX} title={t('wrong', { count: wrong.length })} role="alert">
      <List size="sm" spacing={6}>
        {wrong.map((one) => (
          <List.Item key={`${one.name} ${one.value}`}>
            <b>{nameOf(one.name)}</b> <Code>{one.value}</Code> {t(`expected.${one.expected}`)}
            {wrong.length > 1 && (
              <Button size="compact-xs" variant="default" ml="xs" onClick={() => onChange(dropped(params, one))}>
                {t('drop')}
              </Button>
            )}
          </List.Item>
        ))}
      </List>
      <Text size="sm" mt="xs">
        {t('nothingShown')}
      </Text>
      <Group gap="xs" mt="sm">
        <Button size="xs" variant="default" onClick={() => onChange(wrong.reduce(dropped, params))}>
          {t('showWithout', { count: wrong.length })}
        </Button>
      </Group>
    </ToneAlert>
  );
}
