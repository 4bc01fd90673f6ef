import { Button, Group, Pill, Popover } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { JobState, JobType } from '@app/domain';
import { lazyPart } from '../../chunks/lazy-part';
import { useFormat } from '../../i18n/format';
import type { FiltersProps } from './filter-form';
import type { JobsFilter } from './search';

/** With all its kinds of fields it is worth a chunk of its own. */
const FilterForm = lazyPart(
  { name: 'filter-form', height: 320 },
  async () => (await import('./filter-form')).FilterForm,
);

/** The button that opens all filters of the list. */
export function FilterButton({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation('jobs');
  const [opened, popover] = useDisclosure();
  return (
    <Popover
      opened={opened}
      onChange={popover.set}
      width={520}
      position="bottom-start"
      trapFocus
      returnFocus
      withinPortal={false}
      // On a phone the form is longer than the screen: its button may scroll away.
      hideDetached={false}
    >
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconFilter size={16} aria-hidden />}
          onClick={popover.toggle}
          aria-expanded={opened}
        >
          {t('filters.open')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 2rem)">
        <FilterForm
          key={JSON.stringify(filter)}
          filter={filter}
          onChange={(next) => {
            popover.close();
            onChange(next);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

/** As the form calls it; a name that it does not know stays as it is. */
export function useFilterName(): (name: string) => string {
  const { t } = useTranslation(['jobs', 'common']);
  return (name) => {
    switch (name) {
      case 'q':
      case 'label':
      case 'errorCode':
      case 'createdFrom':
      case 'createdTo':
        return t(`filters.${name}`);
      case 'state':
      case 'type':
      case 'mediaId':
      case 'vodJobId':
      case 'requestId':
      case 'region':
      case 'client':
        return t(`common:fields.${name}`);
      default:
        return name;
    }
  };
}

/** What the list is narrowed by just now; each can be taken away. */
export function ActiveFilters({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation(['jobs', 'common', 'filters']);
  const format = useFormat();
  const say = (key: keyof JobsFilter, value: string): string => {
    switch (key) {
      case 'q':
      case 'label':
      case 'errorCode':
        return `${t(`filters.${key}`)}: ${value}`;
      case 'state':
        return t(`common:states.${value as JobState}`);
      case 'type':
        return t(`common:types.${value as JobType}`);
      case 'mediaIdPrefix':
        return `${t('filters:mediaIdPrefix')}: ${value}`;
      case 'createdFrom':
      case 'createdTo':
        return `${t(`filters.${key}`)}: ${format.dateTime(value)}`;
      case 'mediaId':
      case 'vodJobId':
      case 'requestId':
      case 'region':
      case 'client':
        return `${t(`common:fields.${key}`)}: ${value}`;
    }
  };
  const active = (Object.entries(filter) as [keyof JobsFilter, string | string[]][]).flatMap(([key, values]) =>
    [values].flat().map((value) => ({ key, value, name: say(key, value) })),
  );
  if (active.length === 0) return null;
  return (
    <Group gap={6}>
      {active.map(({ key, value, name }) => (
        <Pill
          key={`${key} ${value}`}
          withRemoveButton
          onRemove={() => onChange(without(filter, key, value))}
          removeButtonProps={{ 'aria-label': t('filters.remove', { name }), 'aria-hidden': false, tabIndex: 0 }}
        >
          {name}
        </Pill>
      ))}
      {active.length > 1 && (
        <Button size="compact-xs" variant="subtle" onClick={() => onChange({})}>
          {t('filters.clear')}
        </Button>
      )}
    </Group>
  );
}

function without(filter: JobsFilter, key: keyof JobsFilter, value: string): JobsFilter {
  const { [key]: values, ...others } = filter;
  const rest = [values ?? []].flat().filter((one) => one !== value);
  return rest.length > 0 ? { ...others, [key]: rest } : others;
}
