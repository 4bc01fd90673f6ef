import { Group, Title } from '@mantine/core';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useEnvironment } from '../session/environment';

/** The first page of a visit leaves the focus where the browser puts it; every later one moves it to its heading. */
let visited = false;

interface PageProps {
  /** Of the tab and, unless `heading` says more, of the heading. */
  title: string;
  heading?: ReactNode;
  /** Beside the heading. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, heading, actions, children }: PageProps) {
  const element = useRef<HTMLHeadingElement>(null);
  usePageTitle(title);
  useEffect(() => {
    if (visited) element.current?.focus();
    visited = true;
  }, []);
  return (
    <>
      <Group justify="space-between" mb="sm" gap="xs">
        {/* An id is one long word, wider than a phone. */}
        <Title order={1} ref={element} tabIndex={-1} style={{ overflowWrap: 'anywhere' }}>
          {heading ?? title}
        </Title>
        {actions}
      </Group>
      {children}
    </>
  );
}

export function usePageTitle(title: string): void {
  const { t } = useTranslation();
  const environment = useEnvironment();
  const parts = [title, t('product'), ...(environment ? [environment.name] : [])].join(' · ');
  useEffect(() => {
    document.title = parts;
  }, [parts]);
}
