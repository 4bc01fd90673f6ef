import type { ErrorComponentProps } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from './error-notice';
import { Page } from './page';

/** Instead of a page that threw; what is around it goes on working. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  return (
    <Page title={t('error.unexpected')}>
      <ErrorNotice error={error} onRetry={reset} />
    </Page>
  );
}
