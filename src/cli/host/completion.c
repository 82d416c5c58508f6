/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/frame/args.h"
#include "cli/frame/complete.h"
#include "cli/host/commands.h"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	const char *shell = args->positionals[0];

	(void)fail;
	if (ls_streq(shell, "bash"))
		cli_complete_bash(stdout);
	else if (ls_streq(shell, "zsh"))
		cli_complete_zsh(stdout);
	else
		cli_complete_fish(stdout);
	return 0;
}

const struct cli_command host_completion = {
        .path = "completion",
        .summary = "Print a completion script for a shell",
        .description =
                "For bash, in ~/.bashrc: eval \"$(lightscale-client completion bash)\". For\n"
                "zsh the same with zsh, in ~/.zshrc after compinit. For fish write it into\n"
                "~/.config/fish/completions/lightscale-client.fish.",
        .positionals = {{.name = "SHELL", .help = "the shell", .choices = shells}},
        .run = run,
};
