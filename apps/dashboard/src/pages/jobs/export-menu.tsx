import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useErrorText } from '../../parts/error-notice';
import { useApi } from '../../session/session';
import type { JobsFilter } from './search';

/** Parts come by the thousand. */
const PROGRESS_MS = 250;

const formats = ['csv', 'ndjson'] as const;

/** The filtered list as a file: all of it, in the order of the list. */
export function ExportMenu({ filter }: { filter: JobsFilter }) {
  const { t } = useTranslation('jobs');
  const api = useApi();
  const sizeOf = useFormat().bytes;
  const textOf = useErrorText();
  const [running, setRunning] = useState(false);

  async function save(format: (typeof formats)[number]) {
    setRunning(true);
    const id = notifications.show({
      message: t('export.running', { size: sizeOf(0) }),
      loading: true,
      autoClose: false,
    });
    try {
      const response = await api.exportJobs(format, filter);
      const parts: BlobPart[] = [];
      let size = 0;
      let saidAt = 0;
      for await (const part of bodyOf(response)) {
        parts.push(part);
        size += part.byteLength;
        if (performance.now() - saidAt < PROGRESS_MS) continue;
        saidAt = performance.now();
        notifications.update({
          id,
          message: t('export.running', { size: sizeOf(size) }),
          loading: true,
          autoClose: false,
        });
      }
      download(new Blob(parts), `jobs-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${format}`);
      notifications.update({ id, message: t('export.done', { size: sizeOf(size) }), loading: false, autoClose: 5_000 });
    } catch (error) {
      notifications.update({
        id,
        title: t('export.failed'),
        message: textOf(error),
        color: 'red',
        loading: false,
        autoClose: false,
      });
    }
    setRunning(false);
  }

  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconDownload size={16} aria-hidden />} loading={running}>
          {t('export.open')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('export.hint')}</Menu.Label>
        {formats.map((format) => (
          <Menu.Item key={format} onClick={() => void save(format)}>
            {t(`export.${format}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) yield read.value;
}

/** A link can't carry the key of the session, so the file is made here. */
function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
