import { ActionIcon, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, languages, localeOf, type Language } from '../i18n';
import { chooseZone, chosenZone, nameOfLocalZone, onZone, zones } from '../i18n/zone';

const schemes = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const;

/** How the page speaks: in which language, and by whose clock. */
export function LanguageSwitch() {
  const { t, i18n } = useTranslation('shell');
  const zone = useSyncExternalStore(onZone, chosenZone);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('languageAndZone')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('languageAndZone')}>
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
        <Menu.Divider />
        <Menu.Label>{t('zone')}</Menu.Label>
        {zones.map((one) => (
          <Menu.Item
            key={one}
            rightSection={<Chosen when={zone === one} />}
            aria-current={zone === one}
            onClick={() => chooseZone(one)}
          >
            {t(`zones.${one}`, { zone: nameOfLocalZone() })}
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
