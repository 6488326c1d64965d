package command

import "context"

// Screens is what the commands of the display connectors do: list them, or force them
// to what the configuration says.
type Screens interface {
	List(env *Env) (Result, error)
	Force(env *Env) (Result, error)
}

// Outputs returns the commands of the display connectors. Their Screens are in the Env.
func Outputs() []Command {
	run := func(do func(Screens, *Env) (Result, error)) func(context.Context, *Env, []string) (Result, error) {
		return func(_ context.Context, env *Env, args []string) (Result, error) {
			switch {
			case len(args) > 0:
				return Result{}, env.Misused("cmd.too_many", "got", args[0])
			case env.Screens == nil:
				return Result{}, env.Failed("cmd.not_here")
			}
			return do(env.Screens, env)
		}
	}
	return []Command{
		{Name: "screen", Help: "cmd.screen.help", Offline: true, Run: run(Screens.List)},
		{Name: "screen force", Help: "cmd.screen.force.help", Offline: true, Run: run(Screens.Force)},
	}
}
