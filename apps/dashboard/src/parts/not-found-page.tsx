import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Page } from './page';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t('notFound.title')}>
      <Text mb="sm">{t('notFound.text')}</Text>
      <Anchor component={Link} to="/jobs">
        {t('notFound.home')}
      </Anchor>
    </Page>
  );
}
