package cases
import ("testing";"gcdiag/internal/sandbox";"os")
func TestZZ(t *testing.T){ s,_ := sandbox.Find(os.Getenv("SC")); sandbox.Write("/tmp/zz", s, 2, sandbox.Options{}) }
