import { Alert, Button, List, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlugConnectedX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@app/client';
import type { JobState } from '@app/domain';

interface ErrorNoticeProps {
  error: unknown;
  onRetry?: () => void;
}

/** What was expected and what was got, as the API's problem says it, under a heading in the language of the page. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const { t } = useTranslation();
  const problem = error instanceof ApiError ? error : null;
  return (
    <Alert
      color="red"
      icon={problem ? <IconAlertTriangle /> : <IconPlugConnectedX />}
      title={t(titleOf(error))}
      role="alert"
    >
      <Text size="sm">{problem ? problem.detail : t('error.unreachableHint')}</Text>
      {problem?.errors && problem.errors.length > 0 && (
        <List size="sm" mt="xs">
          {problem.errors.map(({ path, message }) => (
            <List.Item key={`${path} ${message}`}>
              <b>{path}</b>: {message}
            </List.Item>
          ))}
        </List>
      )}
      {problem?.states && (
        <Text size="sm" mt="xs">
          {t('error.worksIn', {
            states: problem.states.map((state) => t(`states.${state as JobState}`)).join(t('listSeparator')),
          })}
        </Text>
      )}
      {onRetry && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
    </Alert>
  );
}

/** The same on one line. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => (error instanceof ApiError ? error.detail : t('error.unreachable'));
}

function titleOf(error: unknown) {
  if (!(error instanceof ApiError)) return 'error.unreachable';
  switch (error.status) {
    case 400:
    case 422:
      return 'error.invalid';
    case 403:
      return 'error.forbidden';
    case 404:
      return 'error.notFound';
    case 503:
      return 'error.unavailable';
    default:
      return 'error.unexpected';
  }
}
