import { Button, Group, MultiSelect, Select, SimpleGrid, Stack, TagsInput, TextInput, Title } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { jobStates, jobTypes, type JobState, type JobType } from '@app/domain';
import { readFilters, valuesOf } from '../../filters/wrong';
import type { SearchParams } from '../../search-params';
import { useSession } from '../../session/session';
import { CreatedFields } from './created-fields';
import { rules, type JobsFilter } from './search';

export interface FiltersProps {
  /** As it stands in the URL, which may be wrong. */
  filter: JobsFilter;
  onChange: (filter: JobsFilter) => void;
}

const textFields = ['mediaId', 'vodJobId', 'requestId', 'client', 'errorCode'] as const;

/** Nothing is asked for before everything is filled in: a list that changes under one's typing helps nobody. */
export function FilterForm({ filter, onChange }: FiltersProps) {
  const { t } = useTranslation(['jobs', 'common', 'filters']);
  const { me } = useSession();
  const [draft, setDraft] = useState(filter);
  // Said when it is sent, and as long until it is sent again: an error that goes while somebody presses a button moves the button.
  const [wrong, setWrong] = useState(() => readFilters(known(filter), rules).wrong);
  // Taken when the form is sent and not when the field is left: a label more makes the form longer, and moves the button that is pressed.
  const [typed, setTyped] = useState('');
  const [refused, setRefused] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refused > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [refused]);
  const errorOf = (name: keyof JobsFilter) => {
    const said = wrong.filter((one) => one.name === name);
    if (said.length === 0) return undefined;
    return said.map(({ value, expected }) => `${value}: ${t(`filters:expected.${expected}`)}`).join(' ');
  };
  const set = (part: JobsFilter) => setDraft((before) => ({ ...before, ...part }));
  const inDropdown = { comboboxProps: { withinPortal: false } };

  function apply(event: FormEvent) {
    event.preventDefault();
    const all = typed.trim() === '' ? draft : { ...draft, label: [...valuesOf(draft.label), typed.trim()] };
    setDraft(all);
    setTyped('');
    const read = readFilters(known(all), rules);
    setWrong(read.wrong);
    if (read.wrong.length > 0) setRefused(refused + 1);
    else onChange(read.right);
  }

  return (
    <form ref={form} onSubmit={apply} noValidate>
      <Stack gap="xs">
        <Title order={2}>{t('filters.title')}</Title>
        <MultiSelect
          label={t('common:fields.state')}
          data={jobStates.map((state) => ({ value: state, label: t(`common:states.${state}`) }))}
          value={valuesOf(draft.state) as JobState[]}
          onChange={(states) => set({ state: states })}
          error={errorOf('state')}
          clearable
          {...inDropdown}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs">
          <Select
            label={t('common:fields.type')}
            data={jobTypes.map((type) => ({ value: type, label: t(`common:types.${type}`) }))}
            value={draft.type ?? null}
            onChange={(type) => set({ type: (type ?? undefined) as JobType })}
            error={errorOf('type')}
            placeholder={t('filters.any')}
            clearable
            {...inDropdown}
          />
          <Select
            label={t('common:fields.region')}
            data={[...new Set([...me.regions.map(({ region }) => region), ...valuesOf(draft.region)])]}
            error={errorOf('region')}
            value={draft.region || null}
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
              error={errorOf(name)}
              spellCheck={false}
            />
          ))}
          <TagsInput
            label={t('filters.label')}
            placeholder={t('filters.labelHint')}
            value={valuesOf(draft.label)}
            onChange={(labels) => set({ label: labels })}
            searchValue={typed}
            onSearchChange={setTyped}
            acceptValueOnBlur={false}
            error={errorOf('label')}
            {...inDropdown}
          />
        </SimpleGrid>
        <CreatedFields value={draft} onChange={set} errorOf={errorOf} />
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

/** What has a field here: the rest of the URL is not for this form. */
function known(draft: JobsFilter): SearchParams {
  const { cursor: _cursor, ...names } = rules;
  return Object.fromEntries(Object.entries(draft).filter(([name]) => name in names));
}
