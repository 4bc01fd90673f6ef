import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { chunk } from '../chunks/chunk';
import type { en } from './en';

export const languages = { en: 'English', zh: '简体中文' } as const;
export type Language = keyof typeof languages;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common';
    resources: typeof en;
  }
}

const NAME = 'vodai.language';

/** Before anything is shown: in the language that was chosen here, else in the one that the browser asks for. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: {},
    defaultNS: 'common',
    // React escapes.
    interpolation: { escapeValue: false },
    react: { useSuspense: false },
  });
  await changeLanguage(preferredLanguage());
}

/** Each language is a chunk of its own, needed when it is first spoken. */
const chunks = {
  en: chunk('en', async (): Promise<Record<string, object>> => (await import('./en')).en),
  zh: chunk('zh', async (): Promise<Record<string, object>> => (await import('./zh')).zh),
};

async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'common')) {
    const strings = chunks[language];
    await strings.want();
    for (const [namespace, texts] of Object.entries(strings.value() ?? {})) {
      i18next.addResourceBundle(language, namespace, texts);
    }
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = localeOf(language);
}

export function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(NAME, language);
  return changeLanguage(language);
}

/** What Intl and `<html lang>` are told. */
export function localeOf(language: string): string {
  return language === 'zh' ? 'zh-CN' : 'en';
}

function preferredLanguage(): Language {
  const chosen = localStorage.getItem(NAME);
  if (chosen !== null && chosen in languages) return chosen as Language;
  const known = navigator.languages.map((language) => language.slice(0, 2)).find((language) => language in languages);
  return (known as Language | undefined) ?? 'en';
}
