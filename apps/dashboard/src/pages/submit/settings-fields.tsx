import { Checkbox, Group, Select, SimpleGrid, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { jobTypes, priorities, type JobType, type Priority } from '@app/domain';
import { useSaid } from '../../i18n/use-said';
import { ToneAlert } from '../../parts/tone-alert';
import { useSession } from '../../session/session';
import { offeredIn, type Field, type Mistakes, type Settings } from './settings';
import classes from './submit.module.css';

interface SettingsFieldsProps {
  settings: Settings;
  onChange: (part: Partial<Settings>) => void;
  mistakes: Mistakes;
}

/** The keys of VOD's Config that a type is mostly given. */
const examples: Record<JobType, string> = {
  AIVideoTag: '{"AnalyseTypes": "ASR,OCR"}',
  AIMediaDNA: '{"DNADBId": "88c6ca18"}',
  AIMediaAudit: '{"TemplateId": "9b3f1c2e"}',
};

/** What holds for all media of the submission. */
export function SettingsFields({ settings, onChange, mistakes }: SettingsFieldsProps) {
  const { t } = useTranslation(['submit', 'common']);
  const said = useSaid();
  const { me } = useSession();
  const offered = offeredIn(settings.region, me);
  const errorOf = (field: Field) => {
    const mistake = mistakes[field];
    if (!mistake) return undefined;
    return 'said' in mistake
      ? saidOfEach(mistake.said, said)
      : t(`mistakes.${mistake.key}`, { value: mistake.value ?? '' });
  };
  const other = errorOf('other');

  return (
    <Stack gap="sm">
      <Checkbox.Group
        label={t('settings.types')}
        required
        value={settings.types}
        onChange={(types) => onChange({ types: types })}
        error={errorOf('types')}
      >
        <Group gap="lg" my={6}>
          {jobTypes.map((type) => (
            <Checkbox
              key={type}
              value={type}
              label={t(`common:types.${type}`)}
              description={offered.includes(type) ? type : t('settings.notHere', { region: settings.region })}
              // What was chosen for another region can still be taken away.
              disabled={!offered.includes(type) && !settings.types.includes(type)}
              error={errorOf('types') !== undefined}
            />
          ))}
        </Group>
      </Checkbox.Group>

      {settings.types.map((type) => (
        <Textarea
          key={type}
          label={t('settings.config', { type: t(`common:types.${type}`) })}
          description={t('settings.configHint')}
          placeholder={examples[type]}
          value={settings.config[type] ?? ''}
          onChange={(event) => onChange({ config: { ...settings.config, [type]: event.currentTarget.value } })}
          error={errorOf(`config.${type}`)}
          autosize
          minRows={1}
          maxRows={10}
          spellCheck={false}
          classNames={{ input: classes['mono'] ?? '' }}
        />
      ))}

      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
        <Select
          label={t('common:fields.region')}
          data={me.regions.map(({ region }) => region)}
          value={settings.region}
          onChange={(region) => onChange({ region: region ?? '' })}
          error={errorOf('region')}
          allowDeselect={false}
        />
        <Select
          label={t('common:fields.priority')}
          data={priorities.map((priority) => ({ value: priority, label: t(`common:priorities.${priority}`) }))}
          value={settings.priority}
          onChange={(priority) => onChange({ priority: priority as Priority })}
          error={errorOf('priority')}
          allowDeselect={false}
        />
      </SimpleGrid>

      <TagsInput
        label={t('common:fields.labels')}
        description={t('settings.labelsHint')}
        placeholder={settings.labels.length === 0 ? 'batch:2026-11' : ''}
        value={settings.labels}
        onChange={(labels) => onChange({ labels })}
        error={errorOf('labels')}
        splitChars={[',']}
        clearable
      />

      <TextInput
        label={t('settings.run')}
        description={t('settings.runHint')}
        value={settings.run}
        onChange={(event) => onChange({ run: event.currentTarget.value })}
        error={errorOf('run')}
        spellCheck={false}
      />

      {other !== undefined && (
        <ToneAlert tone="bad" role="alert" icon={IconAlertTriangle} title={t('mistakes.title')}>
          {other}
        </ToneAlert>
      )}
    </Stack>
  );
}

/** One sentence, or several with the key that each is about before it. */
function saidOfEach(sentences: string, said: (sentence: string) => string): string {
  const each = sentences.split('; ').map((one) => {
    const [, key = '', sentence = one] = /^([\w.-]+: )(.+)$/s.exec(one) ?? [];
    return key + said(sentence);
  });
  return said(sentences) === sentences ? each.join('; ') : said(sentences);
}
