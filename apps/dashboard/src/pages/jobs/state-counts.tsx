import { useQuery } from '@tanstack/react-query';
import type { MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { jobStates, type JobState } from '@app/domain';
import { statsQuery } from '../../api/queries';
import { useFormat } from '../../i18n/format';
import { stateLooks } from '../../parts/states';
import { useApi } from '../../session/session';
import classes from './jobs.module.css';
import { withoutState, type JobsFilter } from './search';

interface StateCountsProps {
  filter: JobsFilter;
  onChoose: (states: JobState[]) => void;
}

/** The first thing seen: how many of the filtered jobs are in which state. Each is a filter. */
export function StateCounts({ filter, onChoose }: StateCountsProps) {
  const { t } = useTranslation(['jobs', 'common']);
  const format = useFormat();
  const chosen = filter.state ?? [];
  const { data: stats } = useQuery(statsQuery(useApi(), withoutState(filter)));

  function choose(state: JobState, event: MouseEvent) {
    const others = chosen.filter((one) => one !== state);
    const isChosen = others.length < chosen.length;
    if (event.ctrlKey || event.metaKey || event.shiftKey) onChoose(isChosen ? others : [...chosen, state]);
    else onChoose(isChosen && others.length === 0 ? [] : [state]);
  }

  return (
    <fieldset aria-label={t('counts')} className={classes['counts']}>
      <button
        type="button"
        className={classes['count']}
        aria-pressed={chosen.length === 0}
        onClick={() => onChoose([])}
      >
        <strong>{stats ? format.number(stats.jobs.total) : '…'}</strong>
        <span>{t('all')}</span>
      </button>
      {jobStates.map((state) => {
        const count = stats?.jobs.byState[state] ?? 0;
        const { icon: Mark, tone } = stateLooks[state];
        return (
          <button
            key={state}
            type="button"
            className={classes['count']}
            data-tone={tone}
            data-empty={count === 0 || undefined}
            aria-pressed={chosen.includes(state)}
            title={`${t(`common:stateMeans.${state}`)}. ${t('countsHint')}`}
            onClick={(event) => choose(state, event)}
          >
            <strong>{stats ? format.number(count) : '…'}</strong>
            <span>
              <Mark size="1.15em" stroke={2.2} aria-hidden />
              {t(`common:states.${state}`)}
            </span>
          </button>
        );
      })}
    </fieldset>
  );
}
