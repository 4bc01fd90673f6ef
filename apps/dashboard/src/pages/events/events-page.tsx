import { Button, Group, Stack } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconBellOff, IconFilterX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { eventsQuery } from '../../api/queries';
import { WrongFilters } from '../../filters/wrong-filters';
import { ErrorNotice } from '../../parts/error-notice';
import { Loading } from '../../parts/loading';
import { NothingHere } from '../../parts/nothing-here';
import { Page } from '../../parts/page';
import { useApi } from '../../session/session';
import { EventFilters } from './event-filters';
import { EventsTable } from './events-table';
import { eventsParams, eventsSearch, type EventsSearch } from './search';

const route = getRouteApi('/events');

/** What VOD told us, newest first. */
export function EventsPage() {
  const { t } = useTranslation(['events', 'common']);
  const params = { ...route.useSearch() };
  const navigate = route.useNavigate();
  const { search, wrong } = eventsSearch(params);
  if (wrong.length === 0) return <EventsList search={search} />;
  const nameOf = (name: string) => {
    if (name === 'verdict') return t('filters.verdict');
    return name === 'mediaId' || name === 'vodJobId' || name === 'jobId' ? t(`common:fields.${name}`) : name;
  };
  return (
    <Page title={t('title')}>
      <WrongFilters
        wrong={wrong}
        params={params}
        nameOf={nameOf}
        onChange={(next) => void navigate({ search: eventsParams(next) })}
      />
    </Page>
  );
}

function EventsList({ search }: { search: EventsSearch }) {
  const { t } = useTranslation('events');
  const navigate = route.useNavigate();
  const { cursor, ...filter } = search;
  const { data, error, refetch } = useQuery(eventsQuery(useApi(), search));
  const go = (next: EventsSearch) => void navigate({ search: next });

  return (
    <Page title={t('title')}>
      <Stack gap="sm">
        <EventFilters filter={filter} onChange={go} />
        {error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Loading h={320} />}
        {data && data.items.length > 0 && <EventsTable events={data.items} />}
        {data?.items.length === 0 &&
          (Object.keys(search).length === 0 ? (
            <NothingHere icon={IconBellOff} title={t('empty.title')} text={t('empty.text')} />
          ) : (
            <NothingHere icon={IconFilterX} title={t('empty.filtered')} text={t('empty.filteredText')}>
              <Button variant="default" onClick={() => go({})}>
                {t('filters.clear')}
              </Button>
            </NothingHere>
          ))}
        <Group gap="xs" justify="flex-end">
          {cursor !== undefined && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconArrowUp size={16} aria-hidden />}
              onClick={() => go(filter)}
            >
              {t('newest')}
            </Button>
          )}
          {data?.nextCursor && (
            <Button
              size="xs"
              variant="default"
              rightSection={<IconArrowDown size={16} aria-hidden />}
              onClick={() => {
                if (data.nextCursor) go({ ...filter, cursor: data.nextCursor });
                window.scrollTo({ top: 0 });
              }}
            >
              {t('older')}
            </Button>
          )}
        </Group>
      </Stack>
    </Page>
  );
}
