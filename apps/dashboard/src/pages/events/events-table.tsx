import { Table, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { EventItem } from '@app/contract';
import { CopyableId } from '../../parts/copyable-id';
import { useSignatureText, VerdictBadge } from '../../parts/event-parts';
import { TextLink } from '../../parts/text-link';
import { RelativeTime } from '../../parts/time';
import { useRows } from '../../parts/use-rows';
import classes from './events.module.css';

/** A row opens its event: with a click, or with Enter after j and k. */
export function EventsTable({ events }: { events: EventItem[] }) {
  const { t } = useTranslation(['events', 'common']);
  const navigate = useNavigate();
  const open = ({ id }: EventItem) => void navigate({ to: '/events/$eventId', params: { eventId: id } });
  const rows = useRows<HTMLTableSectionElement>('tr');
  const names = {
    received: t('columns.received'),
    verdict: t('columns.verdict'),
    eventType: t('columns.eventType'),
    status: t('columns.status'),
    signature: t('columns.signature'),
    mediaId: t('common:fields.mediaId'),
    vodJobId: t('common:fields.vodJobId'),
    job: t('columns.job'),
  };
  return (
    <div className={classes['frame']}>
      <Table className={classes['table'] ?? ''} highlightOnHover verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            {Object.entries(names).map(([key, name]) => (
              <Table.Th key={key}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody {...rows}>
          {events.map((event) => (
            <Table.Tr
              key={event.id}
              className={classes['row'] ?? ''}
              tabIndex={-1}
              onClick={(click) => {
                if (isPlainClick(click.target as Element)) open(event);
              }}
              onKeyDown={(key) => {
                if (key.key === 'Enter' && key.target === key.currentTarget) open(event);
              }}
            >
              <Table.Td data-column="received" data-name={names.received}>
                <TextLink to="/events/$eventId" params={{ eventId: event.id }} inherit>
                  <RelativeTime at={event.receivedAt} />
                </TextLink>
                {event.copies > 1 && <Text span size="xs" c="dimmed">{` ×${event.copies}`}</Text>}
              </Table.Td>
              <Table.Td data-column="verdict" data-name={names.verdict}>
                <VerdictBadge verdict={event.verdict} />
              </Table.Td>
              <Table.Td data-column="eventType" data-name={names.eventType}>
                {event.eventType || <Dash />}
              </Table.Td>
              <Table.Td data-column="status" data-name={names.status}>
                {event.status || <Dash />}
              </Table.Td>
              <Table.Td data-column="signature" data-name={names.signature}>
                <Signature of={event} />
              </Table.Td>
              <Table.Td data-column="mediaId" data-name={names.mediaId}>
                {event.mediaId === null ? (
                  <Dash />
                ) : (
                  <CopyableId id={event.mediaId} what={t('common:fields.mediaId')} />
                )}
              </Table.Td>
              <Table.Td data-column="vodJobId" data-name={names.vodJobId}>
                {event.vodJobId === '' ? (
                  <Dash />
                ) : (
                  <CopyableId id={event.vodJobId} what={t('common:fields.vodJobId')} />
                )}
              </Table.Td>
              <Table.Td data-column="job" data-name={names.job}>
                {event.jobId === null ? (
                  <Dash />
                ) : (
                  <TextLink to="/jobs/$jobId" params={{ jobId: event.jobId }} inherit>
                    {t('toJob')}
                  </TextLink>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Signature({ of: { signature } }: { of: EventItem }) {
  const text = useSignatureText();
  return <span title={text(signature, 'sentence')}>{text(signature, 'word')}</span>;
}

function Dash() {
  const { t } = useTranslation();
  return (
    <Text span c="dimmed" aria-label={t('none')}>
      –
    </Text>
  );
}

/** Not on something that does something of its own, and not at the end of marking text. */
function isPlainClick(target: Element): boolean {
  return target.closest('a, button') === null && document.getSelection()?.isCollapsed !== false;
}
