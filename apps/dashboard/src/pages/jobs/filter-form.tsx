import { Button, Group, MultiSelect, Select, SimpleGrid, Stack, TagsInput, TextInput, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { jobStates, jobTypes, type JobType } from '@app/domain';
import { useSession } from '../../session/session';
import { CreatedFields } from './created-fields';
import type { JobsFilter } from './search';

export interface FiltersProps {
  filter: JobsFilter;
  onChange: (filter: JobsFilter) => void;
}

const textFields = ['mediaId', 'vodJobId', 'requestId', 'client', 'errorCode'] as const;

/** Nothing is asked for before everything is filled in: a list that changes under one's typing helps nobody. */
export function FilterForm({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation(['jobs', 'common']);
  const { me } = useSession();
  const [draft, setDraft] = useState(filter);
  const set = (part: JobsFilter) => setDraft((before) => ({ ...before, ...part }));
  const inDropdown = { comboboxProps: { withinPortal: false } };

  function apply(event: FormEvent) {
    event.preventDefault();
    onChange(draft);
  }

  return (
    <form onSubmit={apply}>
      <Stack gap="xs">
        <Title order={2}>{t('filters.title')}</Title>
        <MultiSelect
          label={t('common:fields.state')}
          data={jobStates.map((state) => ({ value: state, label: t(`common:states.${state}`) }))}
          value={draft.state ?? []}
          onChange={(states) => set({ state: states })}
          clearable
          {...inDropdown}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs">
          <Select
            label={t('common:fields.type')}
            data={jobTypes.map((type) => ({ value: type, label: t(`common:types.${type}`) }))}
            value={draft.type ?? null}
            onChange={(type) => set({ type: (type ?? undefined) as JobType })}
            placeholder={t('filters.any')}
            clearable
            {...inDropdown}
          />
          <Select
            label={t('common:fields.region')}
            data={me.regions.map(({ region }) => region)}
            value={draft.region ?? null}
            onChange={(region) => set({ region: region ?? '' })}
            placeholder={t('filters.any')}
            clearable
            {...inDropdown}
          />
          {textFields.map((name) => (
            <TextInput
              key={name}
              label={name === 'errorCode' ? t('filters.errorCode') : t(`common:fields.${name}`)}
              value={draft[name] ?? ''}
              onChange={(event) => set({ [name]: event.currentTarget.value.trim() })}
              spellCheck={false}
            />
          ))}
          <TagsInput
            label={t('filters.label')}
            placeholder={t('filters.labelHint')}
            value={draft.label ?? []}
            onChange={(labels) => set({ label: labels.filter((label) => label.indexOf(':') > 0) })}
            {...inDropdown}
          />
        </SimpleGrid>
        <CreatedFields value={draft} onChange={set} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => onChange({})}>
            {t('filters.clear')}
          </Button>
          <Button type="submit">{t('filters.apply')}</Button>
        </Group>
      </Stack>
    </form>
  );
}
