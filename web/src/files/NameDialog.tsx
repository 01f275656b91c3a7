// Asks for the name of a new directory, or for another name of what is there.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { holdWhileComposing } from "../ui/composition";
import { ProblemNote } from "../ui/states";

interface Props {
  title: string;
  /** The button's word. */
  deed: string;
  initial?: string;
  /** That name may be kept. */
  initialIsGood?: boolean;
  hint?: string;
  /** What is wrong with a name, besides a slash. */
  fault?(name: string): string | undefined;
  save(name: string): Promise<void>;
  onClose(): void;
}

export function NameDialog(props: Props) {
  const { title, deed, initial = "", initialIsGood = false, hint, fault, save, onClose } = props;
  const { t } = useTranslation();
  const [name, setName] = useState(initial);
  const saving = useMutation({ mutationFn: save, onSuccess: onClose });
  const wrong = name.includes("/") ? t("files.slash") : name === "" ? undefined : fault?.(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong && !saving.isPending) saving.mutate(name);
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={submit} onKeyDown={holdWhileComposing}>
        <TextInput
          label={t("files.name")}
          description={hint}
          maxLength={255}
          required
          withAsterisk={false}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={wrong}
        />
        {saving.error && <ProblemNote error={saving.error} />}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button
            type="submit"
            loading={saving.isPending}
            disabled={name === "" || (name === initial && !initialIsGood)}
          >
            {deed}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
