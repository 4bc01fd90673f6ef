import { ActionIcon, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, languages, localeOf, type Language } from '../i18n';

const schemes = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const;

export function LanguageSwitch() {
  const { t, i18n } = useTranslation('shell');
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('language')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('language')}>
            <IconLanguage size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(languages).map(([language, name]) => (
          <Menu.Item
            key={language}
            lang={localeOf(language)}
            rightSection={<Chosen when={i18n.language === language} />}
            aria-current={i18n.language === language}
            onClick={() => void chooseLanguage(language as Language)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function SchemeSwitch() {
  const { t } = useTranslation('shell');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Present = schemes[colorScheme];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('scheme')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('scheme')}>
            <Present size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(schemes) as MantineColorScheme[]).map((scheme) => {
          const Mark = schemes[scheme];
          return (
            <Menu.Item
              key={scheme}
              leftSection={<Mark size={16} />}
              rightSection={<Chosen when={colorScheme === scheme} />}
              aria-current={colorScheme === scheme}
              onClick={() => setColorScheme(scheme)}
            >
              {t(`schemes.${scheme}`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function Chosen({ when }: { when: boolean }) {
  return when ? <IconCheck size={16} /> : null;
}
