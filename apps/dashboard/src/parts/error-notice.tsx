import { Alert, Button, List, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlugConnectedX, IconRefreshAlert } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiError, Unreachable } from '@app/client';
import type { JobState } from '@app/domain';
import { useSaid, useSaidProblem } from '../i18n/use-said';

interface ErrorNoticeProps {
  error: unknown;
  onRetry?: () => void;
}

/** What was expected and what was got, as the API's problem says it, under a heading in the language of the page. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps) {
  const { t } = useTranslation();
  const said = useSaid();
  const textOf = useErrorText();
  const problem = error instanceof ApiError ? error : null;
  const mistakes = problem?.errors ?? [];
  // The api says the same to the same question; what is its own trouble, or the network's, passes.
  const mayPass = !problem || problem.status === 429 || problem.status >= 500;
  return (
    <Alert
      color="red"
      icon={error instanceof Unreachable ? <IconPlugConnectedX /> : <IconAlertTriangle />}
      title={t(titleOf(error))}
      role="alert"
    >
      {mistakes.length === 0 ? (
        <Text size="sm">{error instanceof Unreachable ? t('error.unreachableHint') : textOf(error)}</Text>
      ) : (
        <List size="sm">
          {mistakes.map(({ path, message }) => (
            <List.Item key={`${path} ${message}`}>
              <b>{path}</b>: {said(message)}
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
      {onRetry && mayPass && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          {t('retry')}
        </Button>
      )}
    </Alert>
  );
}

/** Instead of a part that the server does not have any more. */
export function StaleNotice() {
  const { t } = useTranslation();
  return (
    <Alert color="red" icon={<IconRefreshAlert />} title={t('error.stale')} role="alert">
      <Text size="sm">{t('error.staleHint')}</Text>
      <Button size="xs" variant="default" mt="sm" onClick={() => location.reload()}>
        {t('error.reload')}
      </Button>
    </Alert>
  );
}

/** The same on one line. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  const saidProblem = useSaidProblem();
  return (error) => {
    if (error instanceof Unreachable) return t('error.unreachable');
    return error instanceof ApiError ? saidProblem(error) : messageOf(error);
  };
}

function titleOf(error: unknown) {
  if (error instanceof Unreachable) return 'error.unreachable';
  if (!(error instanceof ApiError)) return 'error.broken';
  switch (error.status) {
    case 400:
    case 422:
      return 'error.invalid';
    case 403:
      return 'error.forbidden';
    case 404:
      return 'error.notFound';
    case 429:
      return 'error.tooMany';
    case 503:
      return 'error.unavailable';
    default:
      return 'error.unexpected';
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
