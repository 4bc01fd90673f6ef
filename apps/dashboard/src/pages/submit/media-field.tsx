import {
  Button,
  FileButton,
  Group,
  NativeSelect,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { IconFileSpreadsheet } from '@tabler/icons-react';
import { useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { encodings, type Encoding } from '@app/media-list';
import { useFormat } from '../../i18n/format';
import classes from './submit.module.css';

/** Where the media come from. What is in it is read by whoever shows the review. */
export interface Source {
  from: 'ids' | 'file';
  text: string;
  file: { name: string; bytes: Uint8Array } | null;
  encoding: Encoding;
  /** Heading of the column with the ids, where it is none that is known. */
  column: string;
}

export const noSource: Source = { from: 'ids', text: '', file: null, encoding: 'utf-8', column: '' };

interface MediaFieldProps {
  source: Source;
  onChange: (source: Source) => void;
  error: string | undefined;
}

/** Ids, typed or pasted, or a file. */
export function MediaField({ source, onChange, error }: MediaFieldProps) {
  const { t } = useTranslation('submit');
  const set = (part: Partial<Source>) => onChange({ ...source, ...part });
  return (
    <Stack gap="xs">
      <Group gap="sm" justify="space-between">
        <Text fw={600} id="submit-media">
          {t('media.title')}
        </Text>
        <SegmentedControl
          size="xs"
          aria-labelledby="submit-media"
          value={source.from}
          onChange={(from) => set({ from: from })}
          data={[
            { value: 'ids', label: t('media.ids') },
            { value: 'file', label: t('media.file') },
          ]}
        />
      </Group>
      {source.from === 'ids' ? (
        <Textarea
          aria-labelledby="submit-media"
          description={t('media.idsHint')}
          placeholder="3d3d12340d92c641401fab46a0b847f1"
          value={source.text}
          onChange={(event) => set({ text: event.currentTarget.value })}
          error={error}
          autosize
          minRows={3}
          maxRows={12}
          spellCheck={false}
          classNames={{ input: classes['mono'] ?? '' }}
        />
      ) : (
        <FileField source={source} set={set} error={error} />
      )}
    </Stack>
  );
}

interface FileFieldProps {
  source: Source;
  set: (part: Partial<Source>) => void;
  error: string | undefined;
}

function FileField({ source: { file, encoding, column }, set, error }: FileFieldProps) {
  const { t } = useTranslation('submit');
  const format = useFormat();
  const [over, setOver] = useState(false);
  const forget = useRef<() => void>(null);

  async function take(given: File | null | undefined) {
    if (given) set({ file: { name: given.name, bytes: new Uint8Array(await given.arrayBuffer()) } });
  }
  const drag = (isOver: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(isOver);
  };

  return (
    <>
      <div
        className={classes['drop']}
        data-over={over || undefined}
        data-invalid={error !== undefined || undefined}
        onDragOver={drag(true)}
        onDragLeave={drag(false)}
        onDrop={(event) => {
          drag(false)(event);
          void take(event.dataTransfer.files[0]);
        }}
      >
        <FileButton
          resetRef={forget}
          accept=".csv,.txt,.tsv,.ndjson,.jsonl,text/csv,text/plain"
          onChange={(given) => {
            void take(given);
            // The browser says nothing when the file that it holds is chosen again, mended.
            forget.current?.();
          }}
        >
          {(button) => (
            <Button {...button} variant="default" leftSection={<IconFileSpreadsheet size={18} aria-hidden />}>
              {t(file ? 'media.another' : 'media.choose')}
            </Button>
          )}
        </FileButton>
        <Text size="sm" component="output" className={classes['name']}>
          {file ? `${file.name} (${format.bytes(file.bytes.byteLength)})` : t('media.drop')}
        </Text>
      </div>
      {error !== undefined && (
        <Text size="xs" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {t('media.fileHint')}
      </Text>
      <Group gap="sm" grow>
        <NativeSelect
          size="xs"
          label={t('media.encoding')}
          data={encodings.map((one) => ({ value: one, label: one.toUpperCase() }))}
          value={encoding}
          onChange={(event) => set({ encoding: event.currentTarget.value as Encoding })}
        />
        <TextInput
          size="xs"
          label={t('media.column')}
          placeholder={t('media.columnHint')}
          value={column}
          onChange={(event) => set({ column: event.currentTarget.value })}
        />
      </Group>
    </>
  );
}
