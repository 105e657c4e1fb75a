"""The files that `st.navigation` names: one call each."""
