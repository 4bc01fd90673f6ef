import { useTranslation } from 'react-i18next';
import { Page } from '../../parts/page';

export function JobsPage() {
  const { t } = useTranslation('jobs');
  return <Page title={t('title')}>{null}</Page>;
}
