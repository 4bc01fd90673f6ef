import { useTranslation } from 'react-i18next';
import { Page } from '../../parts/page';

export function FlowPage() {
  const { t } = useTranslation('flow');
  return <Page title={t('title')}>{null}</Page>;
}
