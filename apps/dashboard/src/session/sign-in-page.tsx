import { Alert, Button, Center, Checkbox, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { IconClockOff, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@app/client';
import { ErrorNotice } from '../parts/error-notice';
import { usePageTitle } from '../parts/page';
import { LanguageSwitch, SchemeSwitch } from '../shell/preferences';
import { EnvironmentBadge, EnvironmentStrip } from './environment';
import classes from './sign-in.module.css';

/** `ended`: the session, with the instance. */
export type SignedOutBecause = 'expired' | 'ended' | 'link over';

interface SignInPageProps {
  because: SignedOutBecause | undefined;
  /** A local instance signs in by links. */
  hasLinks: boolean;
  onSignIn: (key: string, stay: boolean) => Promise<void>;
}

export function SignInPage({ because, hasLinks, onSignIn }: SignInPageProps) {
  const { t } = useTranslation(['session', 'common']);
  const input = useRef<HTMLInputElement>(null);
  const [key, setKey] = useState('');
  const [stay, setStay] = useState(false);
  const [checking, setChecking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // The key is all that this page asks for.
  useEffect(() => input.current?.focus(), []);
  usePageTitle(t('title'));

  async function signIn(event: FormEvent) {
    event.preventDefault();
    setChecking(true);
    setError(null);
    try {
      await onSignIn(key.trim(), stay);
    } catch (cause) {
      setError(cause);
      setChecking(false);
    }
  }

  // A TypeError: what was typed cannot even be sent as a key.
  const refused = error instanceof TypeError || (error instanceof ApiError && error.status === 401);
  return (
    <Center component="main" mih="100vh" p="md">
      <EnvironmentStrip />
      <Paper component="form" withBorder p="lg" w="100%" maw={420} onSubmit={(event) => void signIn(event)}>
        <Stack>
          <div>
            <Group gap="xs" wrap="nowrap">
              <IconPlayerPlayFilled size={18} aria-hidden className={classes['mark']} />
              <Text fw={600}>{t('common:product')}</Text>
              <EnvironmentBadge className={classes['environment']} />
            </Group>
            <Text size="sm" c="dimmed" className={classes['place']}>
              {place()}
            </Text>
          </div>
          <Title order={1}>{t('title')}</Title>
          {because && (
            <Alert icon={<IconClockOff />} color="yellow">
              {t(because === 'link over' ? 'linkOver' : because)}
            </Alert>
          )}
          <PasswordInput
            label={t('key')}
            description={t('keyHint')}
            autoComplete="current-password"
            ref={input}
            spellCheck={false}
            required
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': t('showKey') }}
            error={refused && t('refused')}
          />
          <Checkbox
            label={t('stay')}
            description={t('stayHint')}
            checked={stay}
            onChange={(event) => setStay(event.currentTarget.checked)}
          />
          {error !== null && !refused && <ErrorNotice error={error} />}
          <Button type="submit" loading={checking} disabled={key.trim() === ''}>
            {t('signIn')}
          </Button>
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {t(hasLinks ? 'linkHint' : 'whereFrom')}
            </Text>
            <Group gap="xs">
              <LanguageSwitch />
              <SchemeSwitch />
            </Group>
          </Group>
        </Stack>
      </Paper>
    </Center>
  );
}

/** As people know it: without the scheme, and with the prefix under which a proxy may have put it. */
function place(): string {
  const { host, pathname } = new URL(document.baseURI);
  return `${host}${pathname.replace(/\/$/, '')}`;
}
