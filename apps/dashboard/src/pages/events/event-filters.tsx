import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { eventFilterRules } from '@app/contract/rules';
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
  const { t } = useTranslation(['events', 'common', 'filters']);
  const { verdict: chosen, ...ids } = filter;
  const [draft, setDraft] = useState(ids);
  // What is typed belongs to these ids, and stays when only the verdict is another.
  const [seen, setSeen] = useState(JSON.stringify(ids));
  if (seen !== JSON.stringify(ids)) {
    setSeen(JSON.stringify(ids));
    setDraft(ids);
  }
  const [checked, setChecked] = useState(false);
  const isWrong = (name: (typeof fields)[number]) => draft[name] && !eventFilterRules[name].fits(draft[name]);
  const isChanged = fields.some((name) => (draft[name] ?? '') !== (filter[name] ?? ''));

  function apply(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (!fields.some(isWrong)) onChange({ ...draft, ...(chosen && { verdict: chosen }) });
  }

  return (
    <form onSubmit={apply}>
      <Group gap="sm" align={checked && fields.some(isWrong) ? 'flex-start' : 'flex-end'}>
        <div className={classes['verdicts']}>
          <SegmentedControl
            size="xs"
            aria-label={t('filters.verdict')}
            value={chosen ?? ANY}
            onChange={(value) => {
              const verdict = eventVerdicts.find((one) => one === value);
              onChange(verdict ? { ...ids, verdict } : ids);
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
            error={checked && isWrong(name) && t(`filters:expected.${eventFilterRules[name].name}`)}
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
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setDraft({});
              onChange({});
            }}
          >
            {t('filters.clear')}
          </Button>
        )}
      </Group>
    </form>
  );
}
