import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { eventVerdicts } from '@app/domain';
import classes from './events.module.css';
import type { EventsFilter } from './search';

interface EventFiltersProps {
  filter: EventsFilter;
  onChange: (filter: EventsFilter) => void;
}

const fields = ['mediaId', 'vodJobId', 'jobId'] as const;
const ANY = 'any';

/** A verdict narrows at once; ids when the form is sent, as a half-typed one finds nothing. */
export function EventFilters({ filter, onChange }: EventFiltersProps) {
  const { t } = useTranslation(['events', 'common']);
  const [draft, setDraft] = useState(filter);
  const isChanged = fields.some((name) => (draft[name] ?? '') !== (filter[name] ?? ''));

  function apply(event: FormEvent) {
    event.preventDefault();
    onChange(draft);
  }

  return (
    <form onSubmit={apply}>
      <Group gap="sm" align="flex-end">
        <div className={classes['verdicts']}>
          <SegmentedControl
            size="xs"
            aria-label={t('filters.verdict')}
            value={filter.verdict ?? ANY}
            onChange={(value) => {
              const { verdict: _verdict, ...rest } = filter;
              const verdict = eventVerdicts.find((one) => one === value);
              onChange(verdict ? { ...rest, verdict } : rest);
            }}
            data={[
              { value: ANY, label: t('filters.any') },
              ...eventVerdicts.map((verdict) => ({ value: verdict, label: t(`verdicts.${verdict}`) })),
            ]}
          />
        </div>
        {fields.map((name) => (
          <TextInput
            key={name}
            size="xs"
            w="9rem"
            label={t(`common:fields.${name}`)}
            value={draft[name] ?? ''}
            onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value.trim() })}
            spellCheck={false}
          />
        ))}
        <Button
          type="submit"
          size="xs"
          variant={isChanged ? 'filled' : 'default'}
          leftSection={<IconFilter size={16} aria-hidden />}
        >
          {t('filters.apply')}
        </Button>
        {Object.keys(filter).length > 0 && (
          <Button size="xs" variant="default" onClick={() => onChange({})}>
            {t('filters.clear')}
          </Button>
        )}
      </Group>
    </form>
  );
}
