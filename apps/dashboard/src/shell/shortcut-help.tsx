import { Group, Kbd, Modal, Table, Text, Title } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigation } from './navigation';

interface ShortcutHelpProps {
  opened: boolean;
  onClose: () => void;
}

export function ShortcutHelp({ opened, onClose }: ShortcutHelpProps) {
  const { t } = useTranslation(['shell', 'common']);
  const navigation = useNavigation();
  const everywhere = [
    { keys: [['?']], does: t('shortcuts.help') },
    { keys: [['/']], does: t('shortcuts.search') },
    ...navigation.map(({ key, page }) => ({
      keys: [['g', key]],
      does: t('shortcuts.go', { page: t(`pages.${page}`) }),
    })),
  ];
  const inTables = [
    { keys: [['j'], ['↓']], does: t('shortcuts.next') },
    { keys: [['k'], ['↑']], does: t('shortcuts.previous') },
    { keys: [['Enter']], does: t('shortcuts.open_row') },
    { keys: [['x']], does: t('shortcuts.select') },
    { keys: [['Esc']], does: t('shortcuts.clear') },
  ];
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <Keys title={t('shortcuts.everywhere')} of={everywhere} />
      <Keys title={t('shortcuts.inTables')} of={inTables} />
    </Modal>
  );
}

/** `keys` are the ways to do it, each a sequence of keys. */
function Keys({ title, of }: { title: string; of: { keys: string[][]; does: string }[] }) {
  const { t } = useTranslation(['shell', 'common']);
  return (
    <>
      <Title order={3} mt="sm">
        {title}
      </Title>
      <Table verticalSpacing={4}>
        <Table.Tbody>
          {of.map(({ keys, does }) => (
            <Table.Tr key={does}>
              <Table.Td w="40%">
                <Group gap={4}>
                  {keys.map((sequence, way) => (
                    <Fragment key={sequence.join(' ')}>
                      {way > 0 && <Text size="xs">{t('shortcuts.or')}</Text>}
                      {sequence.map((key, index) => (
                        <Fragment key={key}>
                          {index > 0 && <Text size="xs">{t('shortcuts.after')}</Text>}
                          <Kbd>{key}</Kbd>
                        </Fragment>
                      ))}
                    </Fragment>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
